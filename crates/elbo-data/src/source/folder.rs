//! A folder of pictures: sub-folders are the category `label`, or a CSV beside them has attributes.
//!
//! Opening reads the headers only; pictures are decoded when their rows are read, in parallel, and
//! kept up to a limit. Rows are numbered by path, so a row stays the same picture while the folder
//! stays the same.

mod listing;
mod shape;
mod table;
mod white;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{Schema as ArrowSchema, SchemaRef};
use rayon::prelude::*;

use crate::column;
use crate::error::{DataError, Problem};
use crate::options::{ImageSize, Labels, OpenOptions};
use crate::picture::{self, Header, Target};
use crate::source::cache::Cache;
use crate::source::table::Table;
use crate::source::{Read, Source, check_rows};
use listing::{Listing, Picture};
use table::Attributes;

/// Name of the field of pixels.
pub const IMAGE: &str = "image";
/// Name of the category of which sub-folders are the levels.
pub const LABEL: &str = "label";

/// Files beside a table that are looked at to find out whether it describes pictures.
const LISTED: usize = 300_000;

/// Pictures in a folder and in the folders in it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    pictures: Vec<Picture>,
    schema: SchemaRef,
    /// The sub-folder of each picture, if sub-folders are labels: column 1.
    label: Option<ArrayRef>,
    /// The other columns.
    attributes: Option<Attributes>,
    /// The position of each picture among all that were listed; `attributes` uses these positions.
    places: Vec<usize>,
    target: Target,
    max_pixels: u64,
    strict: bool,
    cache: Cache,
    sizes: Vec<(ImageSize, u64)>,
    problems: Vec<Problem>,
    notes: Vec<String>,
}

/// The pixels of those rows that could be decoded, and the problems of the others.
#[derive(Default)]
struct Decoded {
    rows: Vec<u64>,
    bytes: Vec<u8>,
    problems: Vec<Problem>,
}

impl Folder {
    /// Opens the folder `path`; `table` holds the attributes, if the user named a table.
    ///
    /// # Errors
    /// A folder without readable pictures, a table that does not fit, and with `strict` any broken
    /// header; see [`DataError`].
    pub fn open(path: &Path, table: Option<Table>, options: &OpenOptions) -> Result<Self, DataError> {
        let listing = Listing::read(path, options.labels)?;
        let table = match table {
            Some(table) => Some(table),
            None => {
                let only = listing.only_table(path)?;
                only.map(|table| Table::open(&table, options)).transpose()?
            }
        };
        let attributes = table
            .map(|table| Attributes::new(table, &listing.pictures))
            .transpose()?;
        let (kept, headers, mut problems) = scan(&listing.pictures, options.max_pixels);
        check_scan(path, kept.len(), &problems, options.strict)?;
        let (mut target, note) = shape::choose(&headers, options);
        let mut notes = listing.notes(attributes.is_some());
        notes.extend(note);
        let good: Vec<&Picture> = kept.iter().map(|place| &listing.pictures[*place]).collect();
        let (white, note) = white::choose(&good, &headers, options.white, options.max_pixels);
        target.white = white;
        notes.extend(note);
        let label = listing.label(&kept, attributes.is_some());
        let mut fields = vec![target.arrow_field(IMAGE)];
        fields.extend(label.iter().map(|(field, _)| field.clone()));
        if let Some(attributes) = &attributes {
            fields.extend(attributes.fields(label.is_some())?);
            problems.extend(attributes.problems());
            notes.extend(attributes.notes(&listing.pictures, &kept));
        }
        Ok(Self {
            path: path.to_path_buf(),
            pictures: kept.iter().map(|i| listing.pictures[*i].clone()).collect(),
            schema: Arc::new(ArrowSchema::new(fields)),
            label: label.map(|(_, labels)| labels),
            attributes,
            places: kept,
            target,
            max_pixels: options.max_pixels,
            strict: options.strict,
            cache: Cache::new(options.cache_bytes),
            sizes: shape::count(&headers),
            problems,
            notes,
        })
    }

    /// The pixels of a row, decoded or from the cache.
    fn pixels(&self, row: u64) -> Result<Arc<[u8]>, Problem> {
        if let Some(pixels) = self.cache.get(row) {
            return Ok(pixels);
        }
        let picture = &self.pictures[row as usize];
        let image = picture::decode(&picture.path, self.max_pixels)
            .map_err(|reason| Problem::new(&picture.name, reason))?;
        let pixels = Arc::from(self.target.bring(image));
        self.cache.put(row, &pixels);
        Ok(pixels)
    }

    /// The columns of some rows that come from the table.
    fn described(&self, rows: &[u64], columns: &[usize]) -> Result<Vec<ArrayRef>, DataError> {
        let first = 1 + usize::from(self.label.is_some());
        let behind: Vec<usize> = columns
            .iter()
            .filter_map(|column| column.checked_sub(first))
            .collect();
        let places: Vec<usize> = rows.iter().map(|row| self.places[*row as usize]).collect();
        match &self.attributes {
            Some(attributes) if !behind.is_empty() => attributes.read(&places, &behind),
            _ => Ok(Vec::new()),
        }
    }

    /// Decodes in parallel; the results are in the order of the rows.
    fn decode(&self, rows: &[u64]) -> Result<Decoded, DataError> {
        let decoded: Vec<Result<Arc<[u8]>, Problem>> = rows.par_iter().map(|row| self.pixels(*row)).collect();
        let bytes = Vec::with_capacity(rows.len() * self.target.bytes());
        let mut good = Decoded {
            rows: Vec::with_capacity(rows.len()),
            bytes,
            problems: Vec::new(),
        };
        for (row, pixels) in rows.iter().zip(decoded) {
            match pixels {
                Ok(pixels) => {
                    good.rows.push(*row);
                    good.bytes.extend_from_slice(&pixels);
                }
                Err(problem) if self.strict => return Err(DataError::Broken(problem)),
                Err(problem) => good.problems.push(problem),
            }
        }
        Ok(good)
    }
}

/// Whether the table names pictures of the folder.
pub(crate) fn describes_pictures(folder: &Path, table: &Table) -> bool {
    let listing = Listing::of(folder, Labels::default(), LISTED);
    listing.is_ok_and(|listing| table::lists_pictures(table, &listing.pictures))
}

/// Reads all headers in parallel: positions and headers of good pictures, and what is wrong with the rest.
fn scan(pictures: &[Picture], max_pixels: u64) -> (Vec<usize>, Vec<Header>, Vec<Problem>) {
    let headers: Vec<Result<Header, String>> = pictures
        .par_iter()
        .map(|picture| picture::header(&picture.path, max_pixels))
        .collect();
    let (mut kept, mut good, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (position, header) in headers.into_iter().enumerate() {
        match header {
            Ok(header) => {
                kept.push(position);
                good.push(header);
            }
            Err(reason) => problems.push(Problem::new(&pictures[position].name, reason)),
        }
    }
    (kept, good, problems)
}

/// With `strict` no picture may be broken; otherwise at least one must be readable.
fn check_scan(path: &Path, kept: usize, problems: &[Problem], strict: bool) -> Result<(), DataError> {
    match problems.first() {
        Some(first) if strict => Err(DataError::Broken(first.clone())),
        Some(first) if kept == 0 => Err(DataError::NothingReadable {
            path: path.to_path_buf(),
            what: "pictures",
            count: problems.len(),
            first: first.clone(),
        }),
        _ => Ok(()),
    }
}

impl Source for Folder {
    fn arrow_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn len(&self) -> u64 {
        self.pictures.len() as u64
    }

    fn read(&self, rows: &[u64]) -> Result<Read, DataError> {
        self.read_columns(rows, &(0..self.schema.fields().len()).collect::<Vec<_>>())
    }

    fn read_columns(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        check_rows(rows, self.len())?;
        let Decoded {
            rows,
            mut bytes,
            problems,
        } = match columns.contains(&0) {
            true => self.decode(rows)?,
            false => Decoded {
                rows: rows.to_vec(),
                ..Decoded::default()
            },
        };
        let schema = Arc::new(self.schema.project(columns)?);
        let mut described = self.described(&rows, columns)?.into_iter();
        let array = |column: &usize| match (column, &self.label) {
            (0, _) => column::image_array(std::mem::take(&mut bytes), self.target.bytes()),
            (1, Some(labels)) => Ok(take(labels, &UInt64Array::from(rows.clone()), None)?),
            _ => Ok(described
                .next()
                .unwrap_or_else(|| unreachable!("each column of the table was read"))),
        };
        let arrays = columns.iter().map(array).collect::<Result<Vec<_>, _>>()?;
        Ok(Read {
            problems,
            ..Read::new(schema, arrays, rows)?
        })
    }

    fn name_of(&self, row: u64) -> String {
        let picture = self.pictures.get(row as usize);
        picture.map_or_else(|| format!("record {row}"), |picture| picture.name.clone())
    }

    fn problems(&self) -> Vec<Problem> {
        self.problems.clone()
    }

    fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    fn sizes(&self) -> Vec<(ImageSize, u64)> {
        self.sizes.clone()
    }

    fn takes_types(&self) -> bool {
        self.attributes.is_some()
    }

    fn description(&self) -> String {
        let attributes: Vec<&str> = self
            .schema
            .fields()
            .iter()
            .skip(1)
            .map(|field| field.name().as_str())
            .collect();
        let with = match attributes.as_slice() {
            [] => String::new(),
            names if names.len() <= 6 => format!(" with {}", names.join(", ")),
            names => format!(" with {} attributes", names.len()),
        };
        let Target { size, channels, .. } = self.target;
        let count = self.pictures.len();
        let path = self.path.display();
        format!("{count} pictures in `{path}`, read as {size} in {channels} channels{with}")
    }
}
