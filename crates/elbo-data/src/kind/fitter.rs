//! Sees a column piece by piece, so that statistics of any number of records need bounded memory.

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::{DataType, Field as ArrowField};

use super::category::{CategoryFitter, STORED};
use super::flag::{self, FlagFitter};
use super::image::ImageFitter;
use super::number::{NOTATION, NumberFitter};
use super::written::{FORMAT, WrittenFitter};
use super::{IGNORE, Kind, ignored, text};

/// Reads a column piece by piece and decides in the end what kind of field it is.
#[derive(Debug)]
pub(crate) struct Fitter {
    part: Part,
    data_type: DataType,
    missing: u64,
    records: u64,
}

#[derive(Debug)]
enum Part {
    Image(ImageFitter),
    Category(CategoryFitter),
    Flag(FlagFitter),
    Number(NumberFitter),
    Written(WrittenFitter),
    /// Text, whatever its values are.
    Text,
    /// Left out because a person asked for it.
    LeftOut,
    Unknown(DataType),
}

/// What was decided about a column.
pub(crate) enum Fitted {
    /// Its kind is known.
    Kind(Kind),
    /// It is text, and needs more passes for its tokens.
    Text,
}

impl Fitter {
    pub(crate) fn new(field: &ArrowField) -> Self {
        let part = match (crate::column::image_shape(field), field.data_type()) {
            (Some(shape), _) => Part::Image(ImageFitter::new(shape, crate::column::white(field))),
            _ if field.metadata().contains_key(IGNORE) => Part::LeftOut,
            (None, DataType::Utf8) if field.metadata().contains_key(text::TEXT) => Part::Text,
            (None, DataType::Utf8) => Part::Category(CategoryFitter::of(field)),
            (None, DataType::Boolean) => Part::Flag(FlagFitter::new(field)),
            (None, DataType::Int64 | DataType::Float64) => Part::Number(NumberFitter::of(field)),
            (None, other) => match WrittenFitter::new(field) {
                Some(fitter) => Part::Written(fitter),
                None => Part::Unknown(other.clone()),
            },
        };
        Self {
            part,
            // A column that is text in its file is text on output.
            data_type: match [FORMAT, flag::WORDS, NOTATION]
                .iter()
                .any(|key| field.metadata().contains_key(key))
            {
                true => DataType::Utf8,
                false => stored_type(field),
            },
            missing: 0,
            records: 0,
        }
    }

    pub(crate) fn is_image(&self) -> bool {
        matches!(self.part, Part::Image(_))
    }

    /// Records without a value so far.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }

    /// Records so far.
    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    pub(crate) fn push(&mut self, array: &ArrayRef) {
        self.missing += array.null_count() as u64;
        self.records += array.len() as u64;
        match &mut self.part {
            Part::Image(fitter) => fitter.push(array),
            Part::Category(fitter) => fitter.push(array),
            Part::Flag(fitter) => fitter.push(array),
            Part::Number(fitter) => fitter.push(array),
            Part::Written(fitter) => fitter.push(array),
            Part::Text | Part::LeftOut | Part::Unknown(_) => {}
        }
    }

    /// Whether the values of all records matter for what the column is.
    pub(crate) fn undecided(&self) -> bool {
        match &self.part {
            Part::Number(fitter) => fitter.undecided(),
            Part::Category(fitter) => fitter.undecided(),
            Part::Flag(fitter) => fitter.undecided(),
            _ => false,
        }
    }

    /// Shows values of all records, those included that are not fitted.
    pub(crate) fn look(&mut self, array: &ArrayRef) {
        match &mut self.part {
            Part::Number(fitter) => fitter.look(array),
            Part::Category(fitter) => fitter.look(array),
            Part::Flag(fitter) => fitter.look(array),
            _ => {}
        }
    }

    /// A column of one value is not modelled, unless some records lack the value.
    pub(crate) fn finish(self) -> Fitted {
        let gaps = self.missing > 0;
        let kind = match self.part {
            Part::Image(fitter) => fitter.finish(),
            Part::Category(fitter) => match fitter.finish(gaps) {
                Fitted::Kind(kind) => kind,
                Fitted::Text => return Fitted::Text,
            },
            Part::Flag(fitter) => fitter.finish(gaps),
            Part::Number(fitter) => fitter.finish(gaps),
            Part::Written(fitter) => fitter.finish(gaps),
            Part::Text => return Fitted::Text,
            Part::LeftOut => ignored("it was asked to be left out"),
            Part::Unknown(data_type) => ignored(ignored::unread(&data_type)),
        };
        Fitted::Kind(match kind {
            Kind::Ignored(ignored) => Kind::Ignored(ignored.of_type(&self.data_type)),
            kind => kind,
        })
    }
}

/// The type of a column's values in the data.
fn stored_type(field: &ArrowField) -> DataType {
    let stored = field
        .metadata()
        .get(STORED)
        .and_then(|stored| stored.parse().ok());
    stored.unwrap_or_else(|| field.data_type().clone())
}
