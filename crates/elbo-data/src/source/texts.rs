//! Texts: the lines of a file, files of lines whose names are the category `label`, or files that are a text each,
//! their folders the label.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::{DataType, Field as ArrowField, Schema as ArrowSchema, SchemaRef};

use crate::error::DataError;
use crate::kind::text::text_field;
use crate::options::{Labels, OpenOptions};
use crate::picture::is_picture;
use crate::source::files;
use crate::source::folder::LABEL;
use crate::source::plain::Plain;
use crate::source::{Read, Source, check_rows, counted, file_name};

/// Name of the field of texts.
pub const TEXT: &str = "text";
/// The most bytes of a text that are read: many times the longest text of a model.
const MAX_BYTES: usize = 64 << 10;
/// A file is a text if so many of its first bytes look like one.
const LOOKED_AT: u64 = 8192;
/// Files of a folder by which it is found out what it holds.
const LOOKED_FOR: usize = 300_000;
/// Files with at least so many lines each hold a text in every line; others are a text each.
const LINES: u64 = 20;

/// Texts in files.
#[derive(Debug)]
pub struct Texts {
    path: PathBuf,
    files: Vec<TextFile>,
    records: Vec<Place>,
    schema: SchemaRef,
    /// Whether a record is a line of its file, not all of it.
    lines: bool,
    notes: Vec<String>,
}

#[derive(Debug)]
struct TextFile {
    name: String,
    path: PathBuf,
    label: Option<String>,
    /// Open where its lines are records.
    text: Option<Plain>,
}

/// Where a record lies.
#[derive(Clone, Copy, Debug)]
struct Place {
    file: u32,
    start: u64,
    len: u32,
    /// The line, counted from 1.
    line: u32,
}

/// The result of a pass over the lines.
#[derive(Default)]
struct Found {
    records: Vec<Place>,
    blank: u64,
    cut: u64,
}

/// Whether the file has the extension of a text.
pub(crate) fn is_text(path: &Path) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    [".txt", ".text", ".txt.gz", ".txt.zst"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

/// Whether the folder holds texts: no pictures, no tables, and a file without a zero byte.
///
/// # Errors
/// A folder that cannot be read.
pub(crate) fn holds_texts(folder: &Path) -> Result<bool, DataError> {
    let files = files::below(folder, LOOKED_FOR)?;
    let other = |path: &Path| is_picture(path) || super::table::is_table(path) || super::json::is_json(path);
    if files.is_empty() || files.iter().any(|file| other(&file.path)) {
        return Ok(false);
    }
    let text = |path: &Path| is_text(path) || readable(path);
    Ok(files.iter().any(|file| text(&file.path)))
}

/// Whether the file begins like a text.
fn readable(path: &Path) -> bool {
    let Ok(file) = std::fs::File::open(path) else {
        return false;
    };
    let mut bytes = Vec::new();
    let read = std::io::Read::read_to_end(&mut std::io::Read::take(file, LOOKED_AT), &mut bytes);
    read.is_ok() && !bytes.is_empty() && !bytes.contains(&0)
}

/// The text files of a folder and of the folders in it.
fn listed(folder: &Path, labels: Labels) -> Result<Vec<TextFile>, DataError> {
    let file = |file: files::Found| {
        let label = file.label(labels).map(str::to_owned);
        TextFile::new(file.name, file.path, label)
    };
    Ok(files::below(folder, usize::MAX)?.into_iter().map(file).collect())
}

impl TextFile {
    fn new(name: String, path: PathBuf, label: Option<String>) -> Self {
        Self {
            name,
            path,
            label,
            text: None,
        }
    }
}

impl Texts {
    /// Opens a file of lines, or a folder of texts.
    ///
    /// # Errors
    /// What cannot be read, a file that is no text, and a place without any text; see [`DataError`].
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, DataError> {
        let files = match path.is_dir() {
            true => listed(path, options.labels)?,
            false => vec![TextFile::new(file_name(path), path.to_path_buf(), None)],
        };
        let (mut files, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| readable(&file.path));
        if files.is_empty() {
            return Err(DataError::NoText {
                path: path.to_path_buf(),
            });
        }
        let lines = !path.is_dir() || are_lines(&files)?;
        let mut notes = Vec::new();
        if !others.is_empty() {
            notes.push(format!(
                "left out: {} without text",
                counted(others.len(), "file")
            ));
        }
        if lines {
            label_by_name(&mut files);
        }
        let found = match lines {
            true => found_lines(&mut files, &mut notes)?,
            false => found_files(&files)?,
        };
        if found.records.is_empty() {
            return Err(DataError::NoText {
                path: path.to_path_buf(),
            });
        }
        let labels = files.iter().any(|file| file.label.is_some());
        notes.extend(found.notes(lines, labels));
        let mut fields = vec![text_field(TEXT, false)];
        fields.extend(labels.then(|| ArrowField::new(LABEL, DataType::Utf8, true)));
        Ok(Self {
            path: path.to_path_buf(),
            files,
            records: found.records,
            schema: Arc::new(ArrowSchema::new(fields)),
            lines,
            notes,
        })
    }

    fn text(&self, place: Place) -> Result<String, DataError> {
        let file = &self.files[place.file as usize];
        let bytes = match &file.text {
            Some(text) => text.part(place.start, place.len as usize)?,
            None => Plain::open(&file.path)?.part(0, place.len as usize)?,
        };
        Ok(String::from_utf8_lossy(&bytes)
            .trim_end_matches(char::REPLACEMENT_CHARACTER)
            .trim()
            .to_owned())
    }
}

/// Whether the files hold lines: few files, many lines in each.
fn are_lines(files: &[TextFile]) -> Result<bool, DataError> {
    if files.iter().any(|file| file.label.is_some()) {
        return Ok(false);
    }
    let mut lines = 0;
    let seen = files.iter().take(LINES as usize);
    let count = seen.len() as u64;
    for file in seen {
        let text = Plain::open(&file.path)?;
        lines += BufReader::new(text.reader())
            .lines()
            .take(10 * LINES as usize)
            .count() as u64;
    }
    Ok(lines >= LINES * count)
}

/// The label of files of lines, if there are several: the part of the name in which they differ.
fn label_by_name(files: &mut [TextFile]) {
    let part = |file: &TextFile, part: fn(&Path) -> Option<&std::ffi::OsStr>| {
        part(&file.path).map(|part| part.to_string_lossy().into_owned())
    };
    let stem = |file: &TextFile| part(file, Path::file_stem);
    if files.len() < 2 {
        return;
    }
    let alike = files.iter().all(|file| stem(file) == stem(&files[0]));
    for file in files {
        file.label = match alike {
            true => part(file, Path::extension).or(Some(String::new())),
            false => stem(file),
        };
    }
}

/// The lines of all files that are not blank.
fn found_lines(files: &mut [TextFile], notes: &mut Vec<String>) -> Result<Found, DataError> {
    let mut found = Found::default();
    for (number, file) in (0..).zip(files) {
        let text = Plain::open(&file.path)?;
        notes.extend(text.note.as_ref().map(|note| format!("`{}`: {note}", file.name)));
        let mut reader = BufReader::new(text.reader());
        let (mut start, mut line, mut bytes) = (0, 0, Vec::new());
        loop {
            bytes.clear();
            let read = reader.read_until(b'\n', &mut bytes);
            let read = read.map_err(DataError::reading(&file.path))?;
            if read == 0 {
                break;
            }
            line += 1;
            if bytes.contains(&0) {
                return Err(DataError::NotAText {
                    path: file.path.clone(),
                    line: u64::from(line),
                });
            }
            let kept = read.min(MAX_BYTES);
            found.cut += u64::from(read > MAX_BYTES);
            match bytes.iter().all(u8::is_ascii_whitespace) {
                true => found.blank += 1,
                false => found.records.push(Place {
                    file: number,
                    start,
                    len: kept as u32,
                    line,
                }),
            }
            start += read as u64;
        }
        drop(reader);
        file.text = Some(text);
    }
    Ok(found)
}

/// Each file as one text.
fn found_files(files: &[TextFile]) -> Result<Found, DataError> {
    let mut found = Found::default();
    for (number, file) in (0..).zip(files) {
        let metadata = std::fs::metadata(&file.path).map_err(DataError::reading(&file.path))?;
        let len = (metadata.len() as usize).min(MAX_BYTES);
        found.cut += u64::from(metadata.len() as usize > MAX_BYTES);
        found.records.push(Place {
            file: number,
            start: 0,
            len: len as u32,
            line: 1,
        });
    }
    Ok(found)
}

impl Found {
    fn notes(&self, lines: bool, labels: bool) -> Vec<String> {
        let mut notes = Vec::new();
        notes.push(
            match (lines, labels) {
                (true, true) => "each line is a text, the name of its file the category `label`",
                (true, false) => "each line is a text",
                (false, true) => "each file is a text, its folder the category `label`",
                (false, false) => "each file is a text",
            }
            .to_owned(),
        );
        if self.blank > 0 {
            notes.push(format!(
                "left out: {}",
                counted(self.blank as usize, "blank line")
            ));
        }
        if self.cut > 0 {
            notes.push(format!(
                "cut after {} KB: {}",
                MAX_BYTES >> 10,
                counted(self.cut as usize, "text")
            ));
        }
        notes
    }
}

impl Source for Texts {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn len(&self) -> u64 {
        self.records.len() as u64
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &(0..self.schema.fields().len()).collect::<Vec<_>>())
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.len())?;
        let places: Vec<Place> = rows.iter().map(|row| self.records[*row as usize]).collect();
        let column = |column: &usize| -> Result<ArrayRef, DataError> {
            if *column == 0 {
                let texts = places.iter().map(|place| self.text(*place));
                let texts = texts.collect::<Result<Vec<_>, _>>()?;
                return Ok(Arc::new(StringArray::from_iter_values(texts)));
            }
            let labels = places
                .iter()
                .map(|place| self.files[place.file as usize].label.as_deref());
            Ok(Arc::new(labels.collect::<StringArray>()))
        };
        let arrays = columns.iter().map(column).collect::<Result<Vec<_>, _>>()?;
        Read::new(Arc::new(self.schema.project(columns)?), arrays, rows.to_vec())
    }

    fn name_of(&self, row: u64) -> String {
        let place = self.records.get(row as usize);
        place.map_or_else(String::new, |place| {
            let name = &self.files[place.file as usize].name;
            match self.lines {
                true => format!("{name} line {}", place.line),
                false => name.clone(),
            }
        })
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn description(&self) -> String {
        let (texts, files) = (self.records.len(), self.files.len());
        match files {
            1 => format!("{} in `{}`", counted(texts, "text"), self.path.display()),
            _ => format!(
                "{} in {files} files of `{}`",
                counted(texts, "text"),
                self.path.display()
            ),
        }
    }
}
