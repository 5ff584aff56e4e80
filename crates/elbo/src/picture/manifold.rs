//! What a model with two latent units decodes across its plane: pictures laid edge to edge over both axes.

use image::imageops::{self, FilterType};
use image::{GenericImage, RgbImage};

use super::Pictures;
use super::colour::{INK, MUTED, PAPER};
use super::text::{self, Anchor, Run, Type};

const TITLE: Type = Type::bold(22.0, INK);
const TICK: Type = Type::regular(17.0, MUTED);
const NAME: Type = Type::regular(19.0, INK);

const LEFT: u32 = 84;
const TOP: u32 = 66;
const RIGHT: u32 = 24;
const BOTTOM: u32 = 70;
/// The plane is shown this many pixels high, unless that made it wider than [`WIDEST`].
const HEIGHT: f64 = 760.0;
const WIDEST: f64 = 1600.0;

/// Where on the latent plane the pictures of a [`manifold`] belong.
#[derive(Clone, Debug, PartialEq)]
pub struct ManifoldLayout {
    /// Steps along the second unit, and rows of pictures.
    pub rows: usize,
    /// Steps along the first unit, and columns of pictures.
    pub columns: usize,
    /// Both axes run from here…
    pub low: f32,
    /// …to here.
    pub high: f32,
    /// Above the plane.
    pub title: Option<String>,
    /// The names of the horizontal and the vertical unit.
    pub axes: [String; 2],
}

impl Default for ManifoldLayout {
    fn default() -> Self {
        // 99.7 % of a standard normal lies within three standard deviations.
        Self {
            rows: 20,
            columns: 20,
            low: -3.0,
            high: 3.0,
            title: None,
            axes: ["z1".to_owned(), "z2".to_owned()],
        }
    }
}

/// The latent point at the middle of each picture of a [`manifold`], in the order it wants them: rows from the
/// top, where the second unit is largest, each row from the smallest first unit to the largest.
pub fn manifold_points(layout: &ManifoldLayout) -> Vec<[f32; 2]> {
    let middle = |i: usize, n: usize| layout.low + (layout.high - layout.low) * (i as f32 + 0.5) / n as f32;
    (0..layout.rows)
        .rev()
        .flat_map(|row| {
            (0..layout.columns).map(move |column| [middle(column, layout.columns), middle(row, layout.rows)])
        })
        .collect()
}

/// The decoded `pictures` of [`manifold_points`], each over the point it was decoded from.
pub fn manifold(pictures: &Pictures, layout: &ManifoldLayout) -> RgbImage {
    let plane = plane(pictures, layout);
    let (width, height) = (plane.width() + LEFT + RIGHT, plane.height() + TOP + BOTTOM);
    let mut image = RgbImage::from_pixel(width, height, PAPER);
    image
        .copy_from(&plane, LEFT, TOP)
        .expect("the image is the plane with its margins around it");
    if let Some(title) = &layout.title {
        let title = TITLE.fitted(title, plane.width() as f32);
        text::draw(
            &mut image,
            &title,
            &TITLE,
            (LEFT as f32, 25.0),
            Anchor::TOP_LEFT,
            Run::Across,
        );
    }
    axes(&mut image, plane.dimensions(), layout);
    image
}

/// `left` and `right` on one image, the second as high as the first and close to it: idle paper between
/// them is left out.
pub fn beside(left: &RgbImage, right: &RgbImage) -> RgbImage {
    let left = &trimmed(left);
    let height = left.height().max(1);
    let width = (u64::from(right.width()) * u64::from(height) / u64::from(right.height().max(1))).max(1);
    let right = imageops::resize(right, width as u32, height, FilterType::CatmullRom);
    let mut image = RgbImage::from_pixel(left.width() + right.width(), height, PAPER);
    imageops::replace(&mut image, left, 0, 0);
    imageops::replace(&mut image, &right, i64::from(left.width()), 0);
    image
}

/// `image` without most of the paper at its right.
fn trimmed(image: &RgbImage) -> RgbImage {
    let drawn = image
        .enumerate_pixels()
        .filter(|(_, _, pixel)| **pixel != PAPER)
        .map(|(x, _, _)| x + 1)
        .max();
    let width = drawn.map_or(image.width(), |drawn| (drawn + RIGHT).min(image.width()));
    imageops::crop_imm(image, 0, 0, width, image.height()).to_image()
}

/// The pictures edge to edge, at the size the plane is shown.
fn plane(pictures: &Pictures, layout: &ManifoldLayout) -> RgbImage {
    let (rows, columns) = (layout.rows.max(1), layout.columns.max(1));
    let (width, height) = (pictures.width.max(1) as f64, pictures.height.max(1) as f64);
    let share = (HEIGHT / (rows as f64 * height)).min(WIDEST / (columns as f64 * width));
    let edge = |i: usize, side: f64| (i as f64 * side * share).round() as u32;
    let mut image = RgbImage::from_pixel(edge(columns, width).max(1), edge(rows, height).max(1), PAPER);
    for (i, picture) in pictures.images().take(rows.saturating_mul(columns)).enumerate() {
        let (row, column) = (i / columns, i % columns);
        let (x, y) = (edge(column, width), edge(row, height));
        let size = (edge(column + 1, width) - x, edge(row + 1, height) - y);
        let picture = imageops::resize(&picture, size.0, size.1, FilterType::CatmullRom);
        imageops::replace(&mut image, &picture, i64::from(x), i64::from(y));
    }
    image
}

/// Ticks and the name along the left and the lower edge of a plane of `width` by `height` pixels.
fn axes(image: &mut RgbImage, (width, height): (u32, u32), layout: &ManifoldLayout) {
    let (left, top, width, height) = (LEFT as f32, TOP as f32, width as f32, height as f32);
    // Whole numbers where the range is a few of them.
    let units = layout.high - layout.low;
    let steps = if units.fract() == 0.0 && (2.0..=8.0).contains(&units) {
        units as u8
    } else {
        4
    };
    for step in 0..=steps {
        let share = f32::from(step) / f32::from(steps);
        let tick = super::plot::number(f64::from(layout.low + share * (layout.high - layout.low)));
        let below = (left + share * width, top + height + 10.0);
        text::draw(image, &tick, &TICK, below, Anchor::TOP, Run::Across);
        let beside = (left - 10.0, top + (1.0 - share) * height);
        text::draw(image, &tick, &TICK, beside, Anchor::RIGHT, Run::Across);
    }
    let [x, y] = &layout.axes;
    let below = (left + width / 2.0, top + height + 44.0);
    text::draw(image, x, &NAME, below, Anchor::TOP, Run::Across);
    text::draw(
        image,
        y,
        &NAME,
        (22.0, top + height / 2.0),
        Anchor::CENTRE,
        Run::Up,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(rows: usize, columns: usize) -> ManifoldLayout {
        ManifoldLayout {
            rows,
            columns,
            low: -2.0,
            high: 2.0,
            ..ManifoldLayout::default()
        }
    }

    #[test]
    fn points_are_the_middles_of_the_tiles() {
        // [-2, 2] in two rows and four columns: middles at ±1 and at ±0.5, ±1.5; the top row is the larger.
        let points = manifold_points(&layout(2, 4));
        assert_eq!(points[0], [-1.5, 1.0]);
        assert_eq!(points[3], [1.5, 1.0]);
        assert_eq!(points[4], [-1.5, -1.0]);
        assert_eq!(points.len(), 8);
    }

    #[test]
    fn pictures_lie_over_the_points_they_were_decoded_from() {
        let pixels = [10, 20, 30, 40].iter().flat_map(|value| [*value; 16]).collect();
        let pictures = Pictures {
            height: 4,
            width: 4,
            channels: 1,
            pixels,
        };
        let image = manifold(&pictures, &layout(2, 2));
        assert_eq!(image.dimensions(), (760 + LEFT + RIGHT, 760 + TOP + BOTTOM));
        let quarter = |x: u32, y: u32| image.get_pixel(LEFT + 190 + x * 380, TOP + 190 + y * 380).0[0];
        assert_eq!(
            [quarter(0, 0), quarter(1, 0), quarter(0, 1), quarter(1, 1)],
            [10, 20, 30, 40]
        );
    }

    #[test]
    fn side_by_side_has_the_height_of_the_first() {
        let mut left = RgbImage::from_pixel(30, 20, PAPER);
        let right = RgbImage::from_pixel(10, 10, INK);
        let both = beside(&left, &right);
        assert_eq!(both.dimensions(), (30 + 20, 20));
        assert_eq!((*both.get_pixel(29, 0), *both.get_pixel(31, 10)), (PAPER, INK));
        left.put_pixel(1, 7, INK);
        assert_eq!(
            beside(&left, &right).width(),
            2 + RIGHT + 20,
            "idle paper is left out"
        );
    }

    #[test]
    fn an_empty_manifold_is_only_its_axes() {
        assert!(manifold_points(&layout(0, 3)).is_empty());
        assert!(manifold(&Pictures::default(), &layout(0, 0)).width() > LEFT);
    }
}
