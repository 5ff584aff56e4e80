//! scratch
use elbo_data::noise::Noise;
use elbo_data::*;
use std::{sync::Arc, time::Instant};
fn rss() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}
fn run(loc: &str, o: &OpenOptions, fields: Vec<usize>) {
    let t = Instant::now();
    let s = open(loc, o).unwrap();
    println!("{} open {:?}", s.description(), t.elapsed());
    for n in s.notes() {
        println!("note {n}")
    }
    for p in s.problems().iter().take(5) {
        println!("problem {p}")
    }
    let t = Instant::now();
    let r = split_rows(s.as_ref(), &SplitConfig::default()).unwrap();
    println!("split {:?}", t.elapsed());
    let t = Instant::now();
    let sc = Arc::new(Schema::fit(s.as_ref(), &r.train, Noise::new(0)).unwrap());
    println!("fit {:?}", t.elapsed());
    for (e, b) in [
        (0, kind::image::Binarize::None),
        (1, kind::image::Binarize::None),
        (2, kind::image::Binarize::Each),
    ] {
        let t = Instant::now();
        let rows = shuffled(&r.train, Noise::new(1), e);
        let bs: Vec<_> = rows.chunks(128).map(|c| c.to_vec()).collect();
        let n = Loader::new(
            s.clone(),
            sc.clone(),
            bs,
            LoaderOptions {
                epoch: e,
                binarize: b,
                ..LoaderOptions::new(fields.clone())
            },
        )
        .unwrap()
        .map(|b| b.unwrap().len())
        .sum::<usize>();
        println!("epoch {e} {n} rows {:?} rss {} MB", t.elapsed(), rss());
    }
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    if a[1] == "parts" {
        parts();
        return;
    }
    if a[1] == "make" {
        for d in ["a", "b"] {
            std::fs::create_dir_all(format!("/tmp/pics/{d}")).unwrap();
        }
        for i in 0..2000u32 {
            let (w, h) = (100 + (i * 37) % 300, 100 + (i * 53) % 300);
            let im = image::RgbImage::from_fn(w, h, |x, y| {
                image::Rgb([(x * i % 256) as u8, (y + i) as u8, ((x * y) / 64 % 256) as u8])
            });
            let p = format!(
                "/tmp/pics/{}/{i:04}.{}",
                if i % 2 == 0 { "a" } else { "b" },
                if i % 3 == 0 { "png" } else { "jpg" }
            );
            im.save(&p).unwrap();
            if i % 400 == 1 || i % 400 == 2 {
                let d = std::fs::read(&p).unwrap();
                std::fs::write(&p, &d[..d.len() / 2]).unwrap();
            }
        }
        return;
    }
    let o = OpenOptions {
        size: a.get(2).map(|s| s.parse().unwrap()),
        ..Default::default()
    };
    run(&a[1], &o, vec![0, 1]);
}
#[allow(dead_code)]
fn parts() {
    use image::*;
    use std::io::Cursor;
    for ext in ["jpg", "png"] {
        let (mut d, mut r, mut tr, mut n) = (0.0, 0.0, 0.0, 0);
        for e in ["a", "b"] {
            for f in std::fs::read_dir(format!("/tmp/pics/{e}")).unwrap() {
                let p = f.unwrap().path();
                if p.extension().unwrap() != ext {
                    continue;
                }
                let b = std::fs::read(&p).unwrap();
                let t = Instant::now();
                let Ok(im) = ImageReader::new(Cursor::new(&b))
                    .with_guessed_format()
                    .unwrap()
                    .decode()
                else {
                    continue;
                };
                d += t.elapsed().as_secs_f64();
                let t = Instant::now();
                let _ = im.resize_exact(64, 64, imageops::FilterType::CatmullRom);
                r += t.elapsed().as_secs_f64();
                let t = Instant::now();
                let _ = im.resize_exact(64, 64, imageops::FilterType::Triangle);
                tr += t.elapsed().as_secs_f64();
                n += 1;
                if n > 300 {
                    break;
                }
            }
        }
        println!(
            "{ext} decode {:.2} catmull {:.2} triangle {:.2} ms each",
            d * 1e3 / n as f64,
            r * 1e3 / n as f64,
            tr * 1e3 / n as f64
        );
    }
}
