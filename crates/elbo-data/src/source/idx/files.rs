//! Which idx files belong together, known by the names that MNIST, Fashion-MNIST and EMNIST use:
//! `[…]train-images-idx3-ubyte[.gz]`, `labels-idx1` beside it, and `t10k` or `test` for `train`.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::body;
use crate::error::{DataError, IdxError};
use crate::source::packed::is_archive;

/// A file of pictures and the labels beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Files {
    pub(crate) images: PathBuf,
    pub(crate) labels: Option<PathBuf>,
}

/// The files to train on, and those to test on, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) train: Files,
    pub(crate) test: Option<Files>,
}

/// The idx files of a folder; `None` where there are none.
pub(crate) fn find(folder: &Path) -> Result<Option<Pair>, DataError> {
    let mut images = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(DataError::reading(folder))? {
        let path = entry.map_err(DataError::reading(folder))?.path();
        let name = file_name(&path).to_owned();
        let packed_twin = name.ends_with(".gz") && path.with_extension("").exists();
        if name.contains("images") && name.contains("idx3") && !packed_twin && path.is_file() {
            images.push(path);
        }
    }
    images.sort_unstable();
    let is_test = |path: &&PathBuf| ["t10k", "test"].iter().any(|word| file_name(path).contains(word));
    let (test, train): (Vec<&PathBuf>, Vec<&PathBuf>) = images.iter().partition(is_test);
    match (train.as_slice(), test.as_slice()) {
        ([], []) => Ok(None),
        ([train], [] | [_]) => Ok(Some(pair_of(train))),
        ([], [test]) => Ok(Some(pair_of(test))),
        _ => {
            let files = images.iter().map(|path| file_name(path).to_owned()).collect();
            Err(IdxError::Several {
                path: folder.to_path_buf(),
                files,
            }
            .into())
        }
    }
}

/// The files that belong to the picture file `path`. For a train file that includes its test file.
pub(crate) fn pair(path: &Path) -> Result<Pair, DataError> {
    if !file_name(path).contains("idx") && !begins_like_idx(path)? {
        if is_archive(path) {
            return Err(DataError::Archive { path: path.into() });
        }
        return Err(DataError::UnknownFile {
            path: path.to_path_buf(),
        });
    }
    Ok(pair_of(path))
}

fn pair_of(images: &Path) -> Pair {
    let test = ["t10k", "test"]
        .iter()
        .filter_map(|word| sibling(images, &[("train", word)]))
        .find(|test| test != images);
    Pair {
        train: with_labels(images),
        test: test.map(|test| with_labels(&test)),
    }
}

fn with_labels(images: &Path) -> Files {
    let labels = sibling(images, &[("images", "labels"), ("idx3", "idx1")]);
    Files {
        images: images.to_path_buf(),
        labels,
    }
}

/// The file whose name differs by these words, packed or not, if it exists.
fn sibling(path: &Path, words: &[(&str, &str)]) -> Option<PathBuf> {
    let mut name = file_name(path).to_owned();
    for (from, to) in words {
        let start = name.rfind(from)?;
        name.replace_range(start..start + from.len(), to);
    }
    let plain = name.strip_suffix(".gz").unwrap_or(&name).to_owned();
    let packed = format!("{plain}.gz");
    let preferred = if name.ends_with(".gz") {
        [packed, plain]
    } else {
        [plain, packed]
    };
    preferred
        .into_iter()
        .map(|name| path.with_file_name(name))
        .find(|path| path.is_file())
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

fn begins_like_idx(path: &Path) -> Result<bool, DataError> {
    let mut start = Vec::new();
    let unreadable = DataError::reading(path);
    let file = std::fs::File::open(path).map_err(unreadable)?;
    // A packed file that cannot be unpacked is no idx file either.
    let read = body::unpacked(file).and_then(|reader| reader.take(4).read_to_end(&mut start));
    Ok(read.is_ok() && start == body::IMAGES.magic.to_be_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]

    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        names
            .iter()
            .for_each(|name| std::fs::write(folder.path().join(name), b"").unwrap());
        folder
    }

    fn found(names: &[&str]) -> Option<(String, Option<String>, Option<String>)> {
        let pair = find(folder(names).path()).unwrap()?;
        let name = |path: &PathBuf| file_name(path).to_owned();
        let labels = pair.train.labels.as_ref().map(name);
        Some((
            name(&pair.train.images),
            labels,
            pair.test.map(|test| name(&test.images)),
        ))
    }

    #[test]
    fn the_names_in_use_are_recognised() {
        let mnist = found(&[
            "train-images-idx3-ubyte.gz",
            "train-labels-idx1-ubyte.gz",
            "t10k-images-idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte.gz",
            "readme.txt",
        ]);
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(
            mnist.unwrap(),
            (
                "train-images-idx3-ubyte.gz".into(),
                some("train-labels-idx1-ubyte.gz"),
                some("t10k-images-idx3-ubyte.gz")
            )
        );
        let dotted = found(&[
            "train-images.idx3-ubyte",
            "train-labels.idx1-ubyte",
            "t10k-images.idx3-ubyte.gz",
        ]);
        assert_eq!(
            dotted.unwrap(),
            (
                "train-images.idx3-ubyte".into(),
                some("train-labels.idx1-ubyte"),
                some("t10k-images.idx3-ubyte.gz")
            )
        );
        let emnist = found(&[
            "emnist-letters-train-images-idx3-ubyte",
            "emnist-letters-test-images-idx3-ubyte",
        ]);
        assert_eq!(emnist.unwrap().2, some("emnist-letters-test-images-idx3-ubyte"));
        assert_eq!(found(&["a.png"]), None);
    }

    #[test]
    fn a_packed_copy_beside_the_plain_file_is_passed_over() {
        let names = ["train-images-idx3-ubyte", "train-images-idx3-ubyte.gz"];
        assert_eq!(found(&names).unwrap().0, "train-images-idx3-ubyte");
    }

    #[test]
    fn two_data_sets_in_a_folder_are_an_error() {
        let folder = folder(&["a-train-images-idx3-ubyte", "b-train-images-idx3-ubyte"]);
        assert!(
            matches!(find(folder.path()), Err(DataError::Idx(IdxError::Several { files, .. })) if files.len() == 2)
        );
    }

    #[test]
    fn the_test_file_named_itself_comes_alone() {
        let folder = folder(&["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"]);
        let pair = pair(&folder.path().join("t10k-images-idx3-ubyte")).unwrap();
        assert_eq!(
            (file_name(&pair.train.images), pair.test),
            ("t10k-images-idx3-ubyte", None)
        );
    }
}
