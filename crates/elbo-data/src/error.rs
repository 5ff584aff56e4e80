//! Everything that can be wrong with a user's data, one variant each, with the values inside.
//!
//! The text names file, row, field and value; [`DataError::hint`] gives the remedy.
//! The file is long because it is one list, best read and searched as one.

mod hint;
mod idx;
mod names;
mod problem;

use std::path::PathBuf;

use arrow::error::ArrowError;

pub use idx::IdxError;
pub use names::nearest;
use names::{did_you_mean, quoted};
pub use problem::Problem;

/// Any error, where only its text and its chain of causes matter.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What can be wrong with data, its description, or the place it is to be written to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder could not be read.
    #[error("cannot read `{}`: {source}", path.display())]
    Io {
        /// What was being read.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// There is nothing at the path.
    #[error("`{}` does not exist", path.display())]
    NoSuchPath {
        /// The path as given.
        path: PathBuf,
    },
    /// A pipe or a device, which cannot be read more than once.
    #[error("`{}` is neither a file nor a folder", path.display())]
    NotAFile {
        /// The path as given.
        path: PathBuf,
    },
    /// A packed file that cannot be unpacked.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: &'static str,
    },
    /// An archive of several files.
    #[error("`{}` is a ZIP archive, as the files of spreadsheets are, and no table or text", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
    },
    /// A packed file that unpacks to more than is read.
    #[error("`{}` unpacks to more than {limit}", path.display())]
    Unpacked {
        /// The file.
        path: PathBuf,
        /// The limit that it passes.
        limit: &'static str,
    },
    /// A file that an output would replace, and that this program has not written.
    #[error("`{}` holds `{file}`, which was not written by elbo", folder.display())]
    NotOurs {
        /// The folder of the output.
        folder: PathBuf,
        /// The file.
        file: String,
    },
    /// A place holds nothing that could be read as text.
    #[error("`{}` holds no text", path.display())]
    NoText {
        /// The file or folder.
        path: PathBuf,
    },
    /// A file that should be a text has a zero byte.
    #[error("`{}` is no text: it has a zero byte in line {line}", path.display())]
    NotAText {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
    },
    /// The name after `builtin:` is none of the built-in data sets.
    #[error("there is no built-in data set `{name}`{}", did_you_mean(nearest))]
    UnknownBuiltin {
        /// The name as given.
        name: String,
        /// The known name most like it.
        nearest: Option<String>,
        /// All known names.
        known: Vec<String>,
    },
    /// The file is of no kind that can be read as data.
    #[error("`{}` is not data of a known kind", path.display())]
    UnknownFile {
        /// The path as given.
        path: PathBuf,
    },
    /// The folder holds no pictures and no idx files.
    #[error("`{}` holds no pictures (other files: {ignored})", path.display())]
    EmptyFolder {
        /// The folder.
        path: PathBuf,
        /// How many files of other kinds lie in it.
        ignored: u64,
    },
    /// The folder or table holds records but none of them can be read.
    #[error("none of the {count} {what} in `{}` can be read: {first}", path.display())]
    NothingReadable {
        /// The folder or table.
        path: PathBuf,
        /// What its records are.
        what: &'static str,
        /// How many it holds.
        count: usize,
        /// What is wrong with the first.
        first: Problem,
    },
    /// A record is broken and the reader is strict.
    #[error("{0}")]
    Broken(Problem),
    /// A folder holds several tables, so the one that belongs to the pictures is not known.
    #[error("`{}` holds {} tables: {}", path.display(), tables.len(), quoted(tables))]
    SeveralTables {
        /// The folder.
        path: PathBuf,
        /// The tables' file names.
        tables: Vec<String>,
    },
    /// A table names a column twice.
    #[error("`{}` names the column `{column}` twice", path.display())]
    DuplicateColumn {
        /// The table.
        path: PathBuf,
        /// The column's name.
        column: String,
    },
    /// A table has a column without a name.
    #[error("column {position} of `{}` has no name", path.display())]
    UnnamedColumn {
        /// The table.
        path: PathBuf,
        /// The column, counted from 1.
        position: usize,
    },
    /// A table's column has a name that the reader itself gives to a field.
    #[error("the column `{column}` of `{}` has the name of the {meaning}", path.display())]
    ReservedColumn {
        /// The table.
        path: PathBuf,
        /// The column's name.
        column: String,
        /// What the reader uses that name for.
        meaning: &'static str,
    },
    /// A table has no rows, or no column beside the one that names the files.
    #[error("the table `{}` has no {what}", path.display())]
    EmptyTable {
        /// The table.
        path: PathBuf,
        /// What it lacks.
        what: &'static str,
    },
    /// A table has more columns than a schema has fields.
    #[error("`{}` has {found} columns; at most {most} are read", path.display())]
    TooManyColumns {
        /// The table.
        path: PathBuf,
        /// Columns there are.
        found: usize,
        /// Columns that can be read.
        most: usize,
    },
    /// A quote is opened and never closed, so that all that follows is one cell.
    #[error("the quote that opens in line {line} of `{}` is never closed", path.display())]
    OpenQuote {
        /// The table.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
    },
    /// A row of more than 64 MB.
    #[error("the row that begins in line {line} of `{}` has more than 64 MB", path.display())]
    LongRow {
        /// The table.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
    },
    /// Some of a text is UTF-8 and some is not.
    #[error("line {line} of `{}` is not UTF-8, but other lines are", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// The first such line, counted from 1.
        line: u64,
    },
    /// Two rows of a table name the same picture.
    #[error("rows {first} and {second} of `{}` both describe `{file}`", path.display())]
    DuplicateRow {
        /// The table.
        path: PathBuf,
        /// The picture.
        file: String,
        /// The first row, counted from 1.
        first: u64,
        /// The second row.
        second: u64,
    },
    /// A table is not CSV text.
    #[error("cannot read the table `{}`: {source}", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// Why not.
        source: csv::Error,
    },
    /// No row of a table names a picture that exists.
    #[error("none of the {rows} rows of `{}` names a picture that exists (the first names `{first}`)", path.display())]
    NoMatches {
        /// The table.
        path: PathBuf,
        /// How many rows it has.
        rows: usize,
        /// What its first row names.
        first: String,
    },
    /// A setting of the reader has a value that it cannot have.
    #[error("`{name}` cannot be {value}: it is {expected}")]
    BadOption {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it may be.
        expected: &'static str,
    },
    /// Idx data that are damaged, or do not belong together.
    #[error(transparent)]
    Idx(#[from] IdxError),
    /// The data have no such row.
    #[error("there is no row {row}: the data have {len} row{}", if *len == 1 { "" } else { "s" })]
    NoSuchRow {
        /// The row asked for, counted from 0.
        row: u64,
        /// Number of rows.
        len: u64,
    },
    /// There are too few records to train on some and validate on others.
    #[error("{found} record{} too few: training and validation need at least {needed}", if *found == 1 { " is" } else { "s are" })]
    TooFewRecords {
        /// Records there are.
        found: u64,
        /// Records needed.
        needed: u64,
    },
    /// A split would hold no record.
    #[error("the {split} split is empty")]
    EmptySplit {
        /// The split.
        split: &'static str,
    },
    /// No field has this name.
    #[error("there is no field `{name}`{}", did_you_mean(nearest))]
    UnknownField {
        /// The name as given.
        name: String,
        /// The field whose name is most like it.
        nearest: Option<String>,
        /// All fields.
        known: Vec<String>,
    },
    /// A rule cannot be about this field.
    #[error("the rule `{rule}` cannot hold: `{field}` is {reason}")]
    RuleField {
        /// The rule.
        rule: String,
        /// The field.
        field: String,
        /// Why not, to follow "it is".
        reason: &'static str,
    },
    /// A record breaks a rule that a person stated.
    #[error("{record} breaks the rule `{rule}`: {values}")]
    RuleBroken {
        /// The rule.
        rule: String,
        /// The file and row.
        record: String,
        /// The values there.
        values: String,
    },
    /// The type of a field of pictures, texts or built-in data cannot be changed.
    #[error("the field `{name}` cannot be read as another type")]
    FixedType {
        /// The field.
        name: String,
    },
    /// The field exists but cannot be used.
    #[error("the field `{name}` cannot be used: {reason}")]
    IgnoredField {
        /// The field.
        name: String,
        /// Why not.
        reason: String,
    },
    /// The category has no such level.
    #[error("`{field}` has no level `{value}`{}", did_you_mean(nearest))]
    UnknownLevel {
        /// The field.
        field: String,
        /// The value as given.
        value: String,
        /// The level most like it.
        nearest: Option<String>,
        /// All levels.
        known: Vec<String>,
    },
    /// The value of a flag is neither yes nor no.
    #[error("`{field}` is yes or no, not `{value}`")]
    NotFlag {
        /// The field.
        field: String,
        /// The value as given.
        value: String,
    },
    /// The value of a number is not a finite number.
    #[error("`{field}` is a number, not `{value}`")]
    NotNumber {
        /// The field.
        field: String,
        /// The value as given.
        value: String,
    },
    /// A file is a damaged or incomplete Parquet file, or no Parquet file at all.
    #[error("`{}` cannot be read as Parquet: {reason}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A table has no column that can be read.
    #[error("no column of `{}` can be read", path.display())]
    NoColumns {
        /// The file.
        path: PathBuf,
    },
    /// Data in memory without any record.
    #[error("the data have no records")]
    NoRecords,
    /// Reading was stopped on request.
    #[error("stopped on request")]
    Stopped,
    /// Data could not be written to, or read from, a temporary file.
    #[error("cannot keep data in a temporary file: {0}")]
    Spool(std::io::Error),
    /// A cell of a table does not fit the type of its column.
    #[error("row {row} of `{}` has `{value}` in the column `{column}`, which is not {expected}", path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// The row, counted from 1 without the header.
        row: u64,
        /// The column.
        column: String,
        /// What stands there.
        value: String,
        /// What should.
        expected: String,
    },
    /// The dates or times of a column are written in two ways.
    #[error("`{column}` in `{}` is written in two ways: `{}` in row {}, `{}` in row {}", path.display(), first.1, first.0, second.1, second.0)]
    TwoFormats {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// A row, counted from 1 without the header, and its date.
        first: (u64, String),
        /// Another.
        second: (u64, String),
    },
    /// A format of dates, times or durations with an unknown part, or without a part that they need.
    #[error("`{format}` is not a format of whole dates, times of day or durations")]
    BadFormat {
        /// The format.
        format: String,
    },
    /// The value of a date, or of another kind with formats of its own, has none of its formats.
    #[error("`{field}` is {expected}, not `{value}`")]
    NotWritten {
        /// The field.
        field: String,
        /// What it is, such as `a date`.
        expected: &'static str,
        /// The value as given.
        value: String,
        /// A value that was seen, as the data have it.
        example: String,
    },
    /// The value of a number is far outside what was seen in training.
    #[error("`{field}={value}` is far outside the range seen in training, {min} to {max}")]
    OutOfRange {
        /// The field.
        field: String,
        /// The value as given.
        value: f64,
        /// The smallest value seen.
        min: f64,
        /// The largest value seen.
        max: f64,
    },
    /// A picture that is asked for cannot be read.
    #[error("`{field}` is a picture: the file `{value}` {reason}")]
    NotPicture {
        /// The field.
        field: String,
        /// The file as given.
        value: String,
        /// Why not.
        reason: String,
    },
    /// The data have a field of the same name but of another type or shape.
    #[error("the field `{field}` is {found} here, but {expected} where the schema was fitted")]
    FieldType {
        /// The field.
        field: String,
        /// What the schema has.
        expected: String,
        /// What the data hold.
        found: String,
    },
    /// A schema of a version that this program does not read.
    #[error("the schema is of version {found}; this program reads version {known}")]
    SchemaVersion {
        /// Its version.
        found: u64,
        /// The version read here.
        known: u32,
    },
    /// A schema that is not the JSON it should be.
    #[error("the schema cannot be read: {source}")]
    SchemaJson {
        /// Why not.
        source: serde_json::Error,
    },
    /// A schema whose parts contradict one another or pass a limit.
    #[error("the schema's field `{field}` is damaged: {reason}")]
    SchemaDamaged {
        /// The field.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// Record batches that do not fit together.
    #[error("the record batch is malformed: {0}")]
    Arrow(#[from] ArrowError),
    /// The reading threads could not be started.
    #[error("cannot start the reading threads: {0}")]
    Threads(Cause),
    /// A file could not be written; what stood there before is untouched.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Cause,
    },
    /// The output exists already.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The output.
        path: PathBuf,
    },
    /// The output's name does not end in a known extension.
    #[error("the extension of `{}` is of no known format", path.display())]
    UnknownExtension {
        /// The output.
        path: PathBuf,
        /// The extensions that can be written.
        known: &'static [&'static str],
    },
    /// Values whose number does not fit their shape.
    #[error("{found} values do not make a shape of {shape:?}")]
    Shape {
        /// Number of values.
        found: usize,
        /// The shape asked for.
        shape: Vec<usize>,
    },
}

impl DataError {
    /// [`DataError::IgnoredField`]: the field called `name` cannot be used, for this reason.
    pub fn ignored(name: &str, reason: &str) -> Self {
        Self::IgnoredField {
            name: name.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// A format that does not say enough, or that is none.
    pub(crate) fn bad_format(format: &str) -> Self {
        Self::BadFormat {
            format: format.to_owned(),
        }
    }

    /// No field of `known` has this name.
    pub(crate) fn unknown_field(name: &str, known: Vec<String>) -> Self {
        Self::UnknownField {
            name: name.to_owned(),
            nearest: nearest(name, known.iter().map(String::as_str)),
            known,
        }
    }

    /// A [`DataError::Spool`] of a file of record batches.
    pub(crate) fn spooling(error: ArrowError) -> Self {
        match error {
            ArrowError::IoError(_, error) => Self::Spool(error),
            other => Self::Arrow(other),
        }
    }

    /// A [`DataError::Io`] about `path`, or [`DataError::NoSuchPath`] where there is nothing.
    pub(crate) fn reading(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            std::io::ErrorKind::NotFound => Self::NoSuchPath { path },
            _ => Self::Io { path, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_travel_between_threads() {
        fn travels<T: Send + Sync + 'static>() {}
        travels::<DataError>();
    }
}
