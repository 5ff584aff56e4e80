//! What the tests share: folders of generated pictures, and where real data lie.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elbo_data::{DataError, OpenOptions, Source, open};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use tempfile::TempDir;

/// Real data: `$ELBO_DATA`, or `shared/data` beside the repository. Says so and gives none if absent.
pub(crate) fn testdata(name: &str) -> Option<PathBuf> {
    // The crate's folder, in which tests run: asked when run, for a built test may outlive its checkout.
    let beside = || PathBuf::from("../../../shared/data");
    let path = std::env::var_os("ELBO_DATA")
        .map_or_else(beside, PathBuf::from)
        .join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: there are no data at `{}`", path.display());
    None
}

/// A picture whose pixels tell which one it is.
pub(crate) fn picture(width: u32, height: u32, seed: u8) -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
        Rgb([seed, (x * 255 / width) as u8, (y * 255 / height) as u8])
    }))
}

/// The bytes of a picture file of the format that the name says.
pub(crate) fn encoded(image: &DynamicImage, name: &str) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image
        .write_to(&mut bytes, ImageFormat::from_path(name).unwrap())
        .unwrap();
    bytes.into_inner()
}

/// A temporary folder that is filled file by file.
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    pub(crate) fn with_picture(self, name: &str, width: u32, height: u32, seed: u8) -> Self {
        let bytes = encoded(&picture(width, height, seed), name);
        self.with(name, bytes)
    }

    pub(crate) fn open(&self) -> Result<Arc<dyn Source>, DataError> {
        self.open_with(&OpenOptions::default())
    }

    pub(crate) fn open_with(&self, options: &OpenOptions) -> Result<Arc<dyn Source>, DataError> {
        open(self.path().to_str().unwrap(), options)
    }
}

/// The error that opening gives, as the front end prints it.
pub(crate) fn message(result: Result<Arc<dyn Source>, DataError>) -> String {
    match result {
        Ok(source) => panic!("opened: {}", source.description()),
        Err(error) => format!("{error}\nhint: {}", error.hint().unwrap_or_default()),
    }
}

/// The names of all rows.
pub(crate) fn names(source: &dyn Source) -> Vec<String> {
    (0..source.len()).map(|row| source.name_of(row)).collect()
}

/// Position of a column.
pub(crate) fn column(source: &dyn Source, name: &str) -> usize {
    source.arrow_schema().index_of(name).unwrap()
}
