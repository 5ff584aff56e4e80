//! Where pictures go: a grid in one `.png`, an `.npy` array, or a folder of pictures.

use std::path::{Path, PathBuf};

use elbo_core::ImageShape;
use elbo_data::atomic::{self, Existing};
use elbo_data::noise::Noise;
use elbo_data::sink;
use image::RgbImage;

use crate::decode::{Codes, Draw};
use crate::error::Error;
use crate::picture::{GridLayout, Pictures, grid};
use crate::progress::Progress;
use crate::trained::Trained;

/// A place for pictures that was free, or may be replaced, when it was checked.
pub(crate) struct Output {
    path: PathBuf,
    form: Form,
    existing: Existing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Grid,
    Array,
    Folder,
}

/// What to do where an output exists.
pub(crate) fn existing(force: bool) -> Existing {
    if force { Existing::Replace } else { Existing::Keep }
}

impl Output {
    /// Understands the path and looks whether it can be written, before the work begins.
    pub(crate) fn check(path: &Path, force: bool) -> Result<Self, Error> {
        let form = match extension(path).as_deref() {
            Some("png") => Form::Grid,
            Some("npy") => Form::Array,
            None => Form::Folder,
            Some(_) => {
                return Err(Error::bad_argument(
                    "--out",
                    path.display(),
                    "a `.png` grid, an `.npy` array, or a folder",
                ));
            }
        };
        match form {
            Form::Folder => sink::check_folder(path, existing(force))?,
            Form::Grid | Form::Array => atomic::check(path, existing(force))?,
        }
        Ok(Self {
            path: path.to_owned(),
            form,
            existing: existing(force),
        })
    }

    /// Whether all pictures are looked at together, so that there should not be too many.
    pub(crate) fn is_grid(&self) -> bool {
        self.form == Form::Grid
    }

    /// Writes pictures of `trained` while they are decoded, where the form allows it.
    pub(crate) fn write_decoded(
        &self,
        trained: &Trained,
        codes: &Codes,
        draw: Draw,
        noise: Noise,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        if self.form != Form::Array {
            let pictures = trained.decode(codes, draw, noise, progress);
            return self.write(&pictures, &GridLayout::default());
        }
        let ImageShape {
            height,
            width,
            channels,
        } = trained.image();
        let shape = [codes.len(trained), height, width, channels];
        Ok(sink::write_pictures_npy(
            &self.path,
            shape,
            self.existing,
            |write| trained.decode_parts(codes, draw, noise, progress, |part| write(&part)),
        )?)
    }

    /// Writes the pictures; `layout` is for the grid alone.
    pub(crate) fn write(&self, pictures: &Pictures, layout: &GridLayout) -> Result<(), Error> {
        let shape = [pictures.len(), pictures.height, pictures.width, pictures.channels];
        match self.form {
            Form::Grid => return save(&grid(pictures, layout), &self.path, self.existing),
            Form::Array => {
                sink::write_pictures_npy(&self.path, shape, self.existing, |write| write(&pictures.pixels))?;
            }
            Form::Folder => sink::write_picture_folder(&self.path, &pictures.pixels, shape, self.existing)?,
        }
        Ok(())
    }
}

/// The lower-case extension of a path.
pub(crate) fn extension(path: &Path) -> Option<String> {
    path.extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
}

/// Checks a path for one `.png`.
pub(crate) fn check_png(path: &Path, force: bool) -> Result<(), Error> {
    if extension(path).as_deref() != Some("png") {
        return Err(Error::bad_argument("--out", path.display(), "a `.png` file"));
    }
    Ok(atomic::check(path, existing(force))?)
}

/// Writes an image as PNG, whole or not at all.
pub(crate) fn save(image: &RgbImage, path: &Path, existing: Existing) -> Result<(), Error> {
    let pixels = image.as_raw();
    let shape = [image.height() as usize, image.width() as usize, 3];
    Ok(sink::write_png(path, pixels, shape, existing)?)
}
