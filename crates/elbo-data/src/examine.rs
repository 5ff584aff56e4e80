//! Examines a whole data set: reads every record and names every problem.

use rayon::prelude::*;
use serde::Serialize;

use crate::error::{DataError, Problem};
use crate::kind::text::TextOptions;
use crate::kind::{Fitted, Fitter, Kind};
use crate::options::ImageSize;
use crate::rules::{self, Kept};
use crate::schema::{CHUNK, Reader, fit_texts};
use crate::source::Source;

/// What was found in a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Examination {
    /// What the data are.
    pub description: String,
    /// Number of records, broken ones included.
    pub records: u64,
    /// Number of records that could be read.
    pub read: u64,
    /// The fields, with statistics over all records.
    pub fields: Vec<Examined>,
    /// What always holds between them; in JSON the texts of the rules.
    #[serde(serialize_with = "as_rules")]
    pub rules: Vec<Kept>,
    /// Sizes of the pictures in their files, with the number of each.
    pub sizes: Vec<SizeCount>,
    /// Broken files and records, each with the reason.
    pub problems: Vec<Problem>,
    /// Other notes.
    pub notes: Vec<String>,
}

fn as_rules<S: serde::Serializer>(rules: &[Kept], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rules.iter().map(|kept| &kept.rule))
}

/// One field of an examined data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Examined {
    /// The field's name.
    pub name: String,
    /// Number of records without a value.
    pub missing: u64,
    /// What it holds.
    #[serde(flatten)]
    pub kind: Kind,
}

/// How many pictures have one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct SizeCount {
    /// The size, as width x height.
    pub size: ImageSize,
    /// Number of pictures.
    pub count: u64,
}

/// Reads every record of `source`; `progress` receives after each step the number of records
/// just read, and says whether to continue: if not, there is no examination.
///
/// # Errors
/// What makes reading impossible, and any broken record where the source is strict.
pub fn examine(
    source: &dyn Source,
    progress: &dyn Fn(u64) -> bool,
) -> Result<Option<Examination>, DataError> {
    let schema = source.arrow_schema();
    let mut fitters: Vec<Fitter> = schema.fields().iter().map(|field| Fitter::new(field)).collect();
    let mut problems = source.problems();
    let mut read = 0;
    let chunk = CHUNK[usize::from(fitters.iter().any(Fitter::is_image))];
    for start in (0..source.len()).step_by(chunk) {
        let rows: Vec<u64> = (start..source.len().min(start + chunk as u64)).collect();
        let records = source.read(&rows)?;
        read += records.rows.len() as u64;
        problems.extend(records.problems);
        let arrays = fitters.par_iter_mut().zip(records.batch.columns());
        arrays.for_each(|(fitter, array)| fitter.push(array));
        if !progress(rows.len() as u64) {
            return Ok(None);
        }
    }
    let missing: Vec<u64> = fitters.iter().map(Fitter::missing).collect();
    let fitted: Vec<Fitted> = fitters.into_iter().map(Fitter::finish).collect();
    let all: Vec<u64> = (0..source.len()).collect();
    let reader = Reader {
        source,
        go_on: &|| progress(0),
    };
    let texts = match fit_texts(&reader, &all, &fitted, &TextOptions::default()) {
        Err(DataError::Stopped) => return Ok(None),
        texts => texts?,
    };
    let mut texts = texts.into_iter();
    let fields = schema.fields().iter().zip(missing).zip(fitted);
    let fields = fields.map(|((field, missing), fitted)| Examined {
        name: field.name().clone(),
        missing,
        kind: match fitted {
            Fitted::Kind(kind) => kind,
            Fitted::Text => texts
                .next()
                .unwrap_or_else(|| unreachable!("each text has a second pass")),
        },
    });
    let fields: Vec<Examined> = fields.collect();
    let named: Vec<_> = fields
        .iter()
        .map(|field| (field.name.as_str(), &field.kind))
        .collect();
    let rules = match rules::find(source, &named, &all, &|| progress(0)) {
        Err(DataError::Stopped) => return Ok(None),
        rules => rules?,
    };
    let mut notes = source.notes();
    notes.extend(fields.iter().filter_map(|field| field.kind.note(&field.name)));
    Ok(Some(Examination {
        description: source.description(),
        records: source.len(),
        read,
        fields,
        rules,
        sizes: source
            .sizes()
            .into_iter()
            .map(|(size, count)| SizeCount { size, count })
            .collect(),
        problems,
        notes,
    }))
}
