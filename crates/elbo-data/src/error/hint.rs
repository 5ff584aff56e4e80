//! What to do about each error: one short imperative sentence, or nothing where the error text is enough.

use std::error::Error;
use std::io::ErrorKind;

use super::DataError;
use super::names::quoted;

/// Names listed in a hint; more would hide the sentence.
const LISTED: usize = 12;

impl DataError {
    /// What to do about it, for the line after the error.
    pub fn hint(&self) -> Option<String> {
        self.data_hint()
            .or_else(|| self.field_hint())
            .or_else(|| self.output_hint())
    }

    fn data_hint(&self) -> Option<String> {
        let text = match self {
            Self::NoSuchPath { .. } => "check the path; built-in data are named `builtin:faces`",
            Self::Damaged { .. } => "fetch the file again, or pack it again",
            Self::Archive { .. } => "save the sheet as CSV, or unpack the archive, and give the result",
            Self::Unpacked { .. } => {
                "it may be made to fill the disk; if you trust it, unpack it yourself and give the result"
            }
            Self::UnknownBuiltin { known, .. } => return Some(format!("known: {}", listed(known))),
            Self::UnknownFile { .. } => {
                "give a folder of pictures or texts, a table (csv, tsv, parquet), JSON lines, a text file, idx data, or `builtin:faces`"
            }
            Self::EmptyFolder { .. } => "pictures are png, jpeg, webp, bmp, gif and tiff files",
            Self::NothingReadable { what: "rows", .. } => {
                "put double quotes around a cell that contains the separator"
            }
            Self::NothingReadable { .. } => "`elbo::inspect` lists what is wrong with each",
            Self::Broken(_) => {
                "repair or remove the file, or turn off `OpenOptions::strict` to skip such files"
            }
            Self::SeveralTables { .. } => {
                "give the path of the table that belongs to the pictures instead of the folder"
            }
            Self::DuplicateColumn { .. } | Self::ReservedColumn { .. } => "rename the column",
            Self::UnnamedColumn { .. } => "the first line names the columns; give each a name",
            Self::TooManyColumns { .. } => "leave out columns, or store the values of a long list as rows",
            Self::OpenQuote { .. } => "close the quote, or write a quote inside a cell twice",
            Self::LongRow { .. } => {
                "end each row with a line break, or give the file the ending of what it is"
            }
            Self::Encoding { .. } => "save the file again as UTF-8",
            Self::EmptyTable {
                what: "columns" | "rows",
                ..
            } => "the first line names the columns, each other line is a record",
            Self::EmptyTable { .. } => "one column names the pictures, each other column is an attribute",
            Self::DuplicateRow { .. } => "keep one row for each picture",
            Self::NoMatches { .. } => {
                "one column must hold file names, with or without extension, relative to the table's folder"
            }
            Self::Idx(error) => error.hint(),
            Self::TooFewRecords { .. } => "add more records",
            Self::EmptySplit { .. } => "add records or choose another fraction",
            Self::NoSuchRow { .. } => "rows are counted from 0",
            _ => return None,
        };
        Some(text.to_owned())
    }

    fn field_hint(&self) -> Option<String> {
        match self {
            Self::UnknownField { known, .. } => Some(format!("fields: {}", listed(known))),
            Self::RuleField { .. } => Some(
                "compare and add numbers, dates or durations with their like; `->` is for categories, flags and numbers"
                    .to_owned(),
            ),
            Self::RuleBroken { .. } => {
                Some("correct the data, or leave the rule out of `data.rules`".to_owned())
            }
            Self::FixedType { .. } => {
                Some("only columns of tables and of JSON lines can be read as another type".to_owned())
            }
            Self::UnknownLevel { known, .. } => Some(format!("levels: {}", listed(known))),
            Self::NotFlag { .. } => Some("write yes or no".to_owned()),
            Self::NotNumber { .. } => Some("write a finite number, such as 3.5".to_owned()),
            Self::Cell { column, .. } => Some(format!(
                "correct the cell or empty it, or read the column as text levels: add `{column}=category` to `OpenOptions::fields`"
            )),
            Self::TwoFormats { column, .. } => Some(format!(
                "write them in one way, or read the column as text levels: add `{column}=category` to `OpenOptions::fields`"
            )),
            Self::BadFormat { .. } => Some(
                "write it as in `date:%d.%m.%Y`, `date:%Y-%m-%d %H:%M:%S`, `time:%H:%M` or `date:Unix seconds`".to_owned(),
            ),
            Self::Parquet { reason, .. } => Some(parquet_hint(reason).to_owned()),
            Self::NoRecords => Some("give at least one record".to_owned()),
            Self::Spool(error) => Some(temporary_hint(error.kind()).to_owned()),
            Self::NoColumns { .. } => Some("give a table with columns of numbers, dates or texts".to_owned()),
            Self::NoText { .. } => Some("give a file of lines, or a folder of text files".to_owned()),
            Self::NotAText { .. } => Some("remove the file, or save it as a plain text in UTF-8".to_owned()),
            Self::NotWritten {
                expected, example, ..
            } => Some(format!("write {expected} such as {example}")),
            Self::OutOfRange { min, max, .. } => Some(format!(
                "the model has seen no such values; stay near {min} to {max}"
            )),
            Self::NotPicture { .. } => {
                Some("name a picture file: png, jpeg, webp, bmp, gif or tiff".to_owned())
            }
            Self::FieldType { .. } => {
                Some("use data of the same form as those the model was trained on".to_owned())
            }
            Self::SchemaVersion { found, known } if *found > u64::from(*known) => {
                Some("it was written by a newer version; update this program".to_owned())
            }
            Self::SchemaVersion { .. } => {
                Some("it was written by an older version; use that one, or train again".to_owned())
            }
            Self::SchemaJson { .. } | Self::SchemaDamaged { .. } => {
                Some("the run folder is damaged or was edited; restore it or train again".to_owned())
            }
            _ => None,
        }
    }

    fn output_hint(&self) -> Option<String> {
        match self {
            Self::Exists { .. } => Some("choose another name, or set `OutputOptions::force`".to_owned()),
            Self::NotOurs { .. } => Some("choose another folder, or move the file".to_owned()),
            Self::UnknownExtension { known, .. } => {
                Some(format!("end the name in one of: {}", known.join(", ")))
            }
            Self::Write { source, .. } => io_kind(source.as_ref()).and_then(write_hint),
            _ => None,
        }
    }
}

fn write_hint(kind: ErrorKind) -> Option<String> {
    let text = match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk is full; free some space and run it again: nothing was lost"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write to"
        }
        ErrorKind::NotFound => "create the folder first",
        ErrorKind::IsADirectory | ErrorKind::NotADirectory => "choose another name",
        _ => return None,
    };
    Some(text.to_owned())
}

fn temporary_hint(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free space where temporary files are kept, or set TMPDIR to a folder on a larger disk"
        }
        _ => "set TMPDIR to a folder that exists and that you may write to",
    }
}

fn parquet_hint(reason: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if has(&["footer", "EOF", "eof", "end of file"]) {
        "copy or write the file again: its end is missing or damaged"
    } else if has(&["NYI", "not supported", "not yet", "feature", "encrypt"]) {
        "write the file again, packed with snappy, gzip, zstd, lz4 or brotli, and not encrypted"
    } else {
        "copy or write the file again: a part of it is damaged"
    }
}

/// The kind of the innermost I/O error among the causes: an outer one may be a mere wrapping.
fn io_kind(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    let io = error.downcast_ref::<std::io::Error>();
    // What an `io::Error` wraps is not its `source` but the thing itself.
    let inner = match io.and_then(|io| io.get_ref()) {
        Some(wrapped) => Some(wrapped as &(dyn Error + 'static)),
        None => error.source(),
    };
    inner.and_then(io_kind).or(io.map(std::io::Error::kind))
}

fn listed(names: &[String]) -> String {
    let more = names.len().saturating_sub(LISTED);
    let shown = quoted(&names[..names.len() - more]);
    if more == 0 {
        shown
    } else {
        format!("{shown} and {more} more")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_recognised_down_the_chain() {
        let full = std::io::Error::from(ErrorKind::StorageFull);
        let wrapped = std::io::Error::other(full);
        let error = DataError::Write {
            path: "a".into(),
            source: Box::new(wrapped),
        };
        // The outer error is of kind `Other`: only its cause shows the full disk.
        assert!(error.hint().is_some_and(|hint| hint.contains("disk is full")));
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<String> = (0..20).map(|i| i.to_string()).collect();
        assert!(listed(&names).ends_with("`11` and 8 more"));
    }
}
