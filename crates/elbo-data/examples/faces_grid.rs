//! `cargo run -p elbo-data --example faces_grid -- OUT.png [SEED]`
//! writes a grid of 8 × 12 faces of `builtin:faces`, each drawn twice as large as it is.

use std::error::Error;

use elbo_data::builtin::faces::{SIZE, attributes, nuisance, render};
use elbo_data::noise::Noise;
use image::{RgbImage, imageops};

const ROWS: usize = 8;
const COLUMNS: usize = 12;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("which file is the grid to be written to?")?;
    let seed = arguments.next().map_or(Ok(0), |seed| seed.parse())?;
    let (noise, side) = (Noise::new(seed), SIZE as u32);
    let mut grid = RgbImage::new(side * COLUMNS as u32, side * ROWS as u32);
    for i in 0..ROWS * COLUMNS {
        let bytes = render(&attributes(noise, i as u64), &nuisance(noise, i as u64));
        let face = RgbImage::from_raw(side, side, bytes).ok_or("a face is not whole")?;
        let (left, top) = (i % COLUMNS * SIZE, i / COLUMNS * SIZE);
        imageops::replace(&mut grid, &face, left as i64, top as i64);
    }
    let large = imageops::resize(
        &grid,
        2 * grid.width(),
        2 * grid.height(),
        imageops::FilterType::Nearest,
    );
    large.save(path)?;
    Ok(())
}
