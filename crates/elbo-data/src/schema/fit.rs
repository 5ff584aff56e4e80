//! Finds what each field holds by reading the training records, in bounded memory.

use rand_core::Rng;
use rayon::prelude::*;

use super::{Field, Schema, VERSION};
use crate::error::DataError;
use crate::kind::text::{TextOptions, TextPass};
use crate::kind::{self, Fitted, Fitter, Kind};
use crate::layout::Layout;
use crate::noise::{Noise, Purpose};
use crate::source::{Read, Source};

/// Statistics of pictures are taken from at most this many training records.
const PICTURES_SEEN: usize = 2000;
/// Records read at a time while fitting, without and with pictures: bounds the memory.
pub(crate) const CHUNK: [usize; 2] = [8192, 128];

impl Schema {
    /// Finds out the kind of each field of `source` and fits its statistics to the rows `train`.
    ///
    /// Attributes are read from every row; pictures from a subset of at most 2,000 that `noise`
    /// chooses, which is enough to find their range of bytes; texts three times, for their tokens and lengths.
    ///
    /// # Errors
    /// Errors of reading, and [`DataError::BadOption`] for `texts` that no tokenizer can be trained with.
    pub fn fit(
        source: &dyn Source,
        train: &[u64],
        texts: &TextOptions,
        noise: Noise,
    ) -> Result<Self, DataError> {
        Self::fit_while(source, train, texts, noise, &|| true)
    }

    /// As [`Self::fit`], as long as `go_on` says so.
    ///
    /// # Errors
    /// As [`Self::fit`], and [`DataError::Stopped`].
    pub fn fit_while(
        source: &dyn Source,
        train: &[u64],
        texts: &TextOptions,
        noise: Noise,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Self, DataError> {
        let reader = Reader { source, go_on };
        let arrow = source.arrow_schema();
        let mut fitters: Vec<Fitter> = arrow.fields().iter().map(|field| Fitter::new(field)).collect();
        let subset = subset(train, PICTURES_SEEN, noise);
        for pictures in [false, true] {
            let columns: Vec<usize> = (0..fitters.len())
                .filter(|i| fitters[*i].is_image() == pictures)
                .collect();
            let rows = if pictures { &subset } else { train };
            for chunk in rows
                .chunks(CHUNK[usize::from(pictures)])
                .filter(|_| !columns.is_empty())
            {
                let read = reader.read(chunk, &columns)?;
                push(&mut fitters, &columns, &read);
            }
        }
        look(&reader, &mut fitters)?;
        let seen: Vec<(u64, u64)> = fitters
            .iter()
            .map(|fitter| (fitter.missing(), fitter.records()))
            .collect();
        let fitted: Vec<Fitted> = fitters.into_iter().map(Fitter::finish).collect();
        let mut tokens = fit_texts(&reader, train, &fitted, texts)?.into_iter();
        let kinds = fitted.into_iter().map(|fitted| match fitted {
            Fitted::Kind(kind) => kind,
            Fitted::Text => tokens
                .next()
                .unwrap_or_else(|| unreachable!("each text has a second pass")),
        });
        let fields = arrow.fields().iter().zip(seen).zip(kinds);
        let fields = fields.map(|((field, (missing, records)), kind)| Field {
            name: field.name().clone(),
            missing,
            missing_by_chance: false,
            records,
            missing_word: kind::missing_word(field).map(str::to_owned),
            stored: None,
            kind,
        });
        let schema = Self {
            version: VERSION,
            fields: fields.collect(),
            rules: Vec::new(),
            layout: Layout::of(&source.stored_schema()).with_header(),
        };
        Ok(schema.stored_by(source))
    }
}

/// Reads a source until it is told to stop.
pub(crate) struct Reader<'a> {
    pub(crate) source: &'a dyn Source,
    pub(crate) go_on: &'a dyn Fn() -> bool,
}

impl Reader<'_> {
    pub(crate) fn read(&self, rows: &[u64], columns: &[usize]) -> Result<Read, DataError> {
        match (self.go_on)() {
            true => self.source.read_columns(rows, columns),
            false => Err(DataError::Stopped),
        }
    }
}

/// Shows all records to the fitters of columns that may be flags or identifiers: a number that only the held-out records
/// have makes a flag a number, and a generated identifier must be none of theirs.
fn look(reader: &Reader, fitters: &mut [Fitter]) -> Result<(), DataError> {
    let columns: Vec<usize> = (0..fitters.len())
        .filter(|place| fitters[*place].undecided())
        .collect();
    let rows: Vec<u64> = (0..reader.source.len()).collect();
    for chunk in rows.chunks(CHUNK[0]).filter(|_| !columns.is_empty()) {
        let read = reader.read(chunk, &columns)?;
        for (place, array) in columns.iter().zip(read.batch.columns()) {
            fitters[*place].look(array);
        }
    }
    Ok(())
}

/// Fits the columns that turned out to be text, in two more passes.
pub(crate) fn fit_texts(
    reader: &Reader,
    train: &[u64],
    fitted: &[Fitted],
    options: &TextOptions,
) -> Result<Vec<Kind>, DataError> {
    let columns: Vec<usize> = (0..fitted.len())
        .filter(|column| matches!(fitted[*column], Fitted::Text))
        .collect();
    let mut passes: Vec<TextPass> = columns.iter().map(|_| TextPass::new()).collect();
    for second in [false, true] {
        if second {
            let next = passes.into_iter().map(|pass| pass.second(options));
            passes = next.collect::<Result<_, _>>()?;
        }
        for chunk in train.chunks(CHUNK[0]).filter(|_| !columns.is_empty()) {
            let read = reader.read(chunk, &columns)?;
            let arrays = passes.par_iter_mut().zip(read.batch.columns());
            arrays.for_each(|(pass, array)| pass.push(array));
        }
    }
    Ok(passes.into_iter().map(TextPass::finish).collect())
}

/// Shows each of the `columns` that were read to its fitter, on all threads.
fn push(fitters: &mut [Fitter], columns: &[usize], read: &Read) {
    let mut arrays = vec![None; fitters.len()];
    for (column, array) in columns.iter().zip(read.batch.columns()) {
        arrays[*column] = Some(array);
    }
    let pairs = fitters.par_iter_mut().zip(arrays);
    pairs.for_each(|(fitter, array)| array.into_iter().for_each(|array| fitter.push(array)));
}

/// At most `n` of `rows`, each as likely as any other, ascending (Knuth's selection sampling).
pub(super) fn subset(rows: &[u64], n: usize, noise: Noise) -> Vec<u64> {
    let mut stream = noise.stream(Purpose::Subset, 0, 0);
    let mut chosen = Vec::with_capacity(n.min(rows.len()));
    for (place, row) in rows.iter().enumerate() {
        let left = (rows.len() - place) as u128;
        let needed = (n - chosen.len()) as u128;
        // Chosen with probability needed/left: the top 64 bits of u * left are uniform in 0..left.
        if (u128::from(stream.next_u64()) * left) >> 64 < needed {
            chosen.push(*row);
        }
    }
    chosen
}
