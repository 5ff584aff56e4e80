//! What can be wrong with idx data.

use std::path::PathBuf;

use super::names::quoted;

/// What can be wrong with idx data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// A file does not begin with the magic number of its idx kind.
    #[error("`{}` begins with {found:#010x}; idx {what} begin with {expected:#010x}", path.display())]
    Magic {
        /// The file.
        path: PathBuf,
        /// Pictures or labels.
        what: &'static str,
        /// Its first four bytes, big-endian.
        found: u32,
        /// What they must be.
        expected: u32,
    },
    /// An idx file ends within its header.
    #[error("`{}` ends after {found} bytes; an idx header has {expected}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// Bytes of a header.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// An idx file's body is not of the length that its header gives.
    #[error("`{}` holds {found} bytes after its header, which promises {expected}", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes promised by the header.
        expected: u64,
        /// Bytes there are; at least this many where the file goes on.
        found: u64,
    },
    /// An idx file's header gives a count or a side that cannot be used.
    #[error("the header of `{}` gives {count} pictures of {width}x{height}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Number of pictures.
        count: u64,
        /// Rows of each.
        height: u64,
        /// Columns of each.
        width: u64,
    },
    /// An idx label file does not hold as many labels as there are pictures.
    #[error("`{}` holds {labels} labels, `{}` {images} pictures", labels_path.display(), images_path.display())]
    Count {
        /// The label file.
        labels_path: PathBuf,
        /// Labels in it.
        labels: u64,
        /// The picture file.
        images_path: PathBuf,
        /// Pictures in it.
        images: u64,
    },
    /// The pictures of the train and the test file differ in size.
    #[error("the pictures of `{}` are {}x{}, those of `{}` {}x{}", train.display(), train_size[1], train_size[0], test.display(), test_size[1], test_size[0])]
    Pair {
        /// The train file.
        train: PathBuf,
        /// Its height and width.
        train_size: [usize; 2],
        /// The test file.
        test: PathBuf,
        /// Its height and width.
        test_size: [usize; 2],
    },
    /// A folder holds the idx files of several data sets.
    #[error("`{}` holds several idx data sets: {}", path.display(), quoted(files))]
    Several {
        /// The folder.
        path: PathBuf,
        /// The picture files.
        files: Vec<String>,
    },
}

impl IdxError {
    /// What to do about it.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Magic { .. } => "the file is damaged or of another kind; fetch it again",
            Self::Header { .. } => "the file was cut short; fetch it again",
            Self::Length { expected, found, .. } if found < expected => {
                "the file was cut short; fetch it again"
            }
            Self::Length { .. } | Self::Shape { .. } => "the file is damaged; fetch it again",
            Self::Count { .. } | Self::Pair { .. } => {
                "the two files do not belong together; fetch both again"
            }
            Self::Several { .. } => "give the path of one picture file instead of the folder",
        }
    }
}
