//! Work on many records: some pieces at a time on all threads, their results in order.

use std::sync::Arc;

use elbo_data::arrow::datatypes::SchemaRef;
use rayon::prelude::*;

use super::batches::Observations;
use super::{CHUNK, Model};
use crate::data::Records;
use crate::data::item::Item;
use crate::error::Error;
use crate::events::{Events, Phase};

/// Records that the threads share before their results are passed on.
const TOGETHER: usize = 32 * CHUNK;

/// A piece of work.
pub(crate) trait Piece: Send {
    /// How many records it has.
    fn records(&self) -> usize;
}

impl Piece for Observations {
    fn records(&self) -> usize {
        self.rows.len()
    }
}

/// Numbers of records that are to be generated.
impl Piece for Vec<u64> {
    fn records(&self) -> usize {
        self.len()
    }
}

type Work<P, T> = Arc<dyn Fn(P) -> Result<T, Error> + Send + Sync>;

/// Results of some work, group by group.
pub(crate) struct Stream<P, T> {
    model: Model,
    pieces: Box<dyn Iterator<Item = Result<P, Error>> + Send>,
    work: Work<P, T>,
    phase: Phase,
    total: u64,
    /// Pieces that the threads share.
    together: usize,
    events: Events,
    state: State,
}

#[derive(PartialEq)]
enum State {
    New,
    Working,
    Over,
}

impl<P: Piece, T: Send> Stream<P, T> {
    /// `work` on each of the `pieces`, which have `total` records. Pieces are taken, and events reported, on the
    /// thread that takes the results.
    pub(crate) fn new(
        model: &Model,
        pieces: impl Iterator<Item = Result<P, Error>> + Send + 'static,
        (phase, total): (Phase, u64),
        events: &Events,
        work: impl Fn(P) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Self {
        Self {
            model: model.clone(),
            pieces: Box::new(pieces),
            work: Arc::new(work),
            phase,
            total,
            together: TOGETHER / CHUNK,
            events: events.clone(),
            state: State::New,
        }
    }

    /// For pieces that have so many records, and not a chunk.
    pub(crate) fn in_pieces_of(self, records: usize) -> Self {
        Self {
            together: (TOGETHER / records).max(1),
            ..self
        }
    }

    /// One piece after the other: for work that takes much memory, or keeps all threads busy by itself.
    pub(crate) fn one_by_one(self) -> Self {
        Self { together: 1, ..self }
    }

    /// The same work, and `next` on each of its results.
    pub(crate) fn then<U: Send>(
        self,
        next: impl Fn(T) -> Result<U, Error> + Send + Sync + 'static,
    ) -> Stream<P, U>
    where
        P: 'static,
        T: 'static,
    {
        let work = self.work;
        Stream {
            work: Arc::new(move |piece| next(work(piece)?)),
            model: self.model,
            pieces: self.pieces,
            phase: self.phase,
            total: self.total,
            together: self.together,
            events: self.events,
            state: self.state,
        }
    }

    /// The results of the next group of pieces; none at the end.
    pub(crate) fn next_group(&mut self) -> Option<Result<Vec<T>, Error>> {
        if self.state == State::New {
            self.events.begin(self.phase, Some(self.total));
            self.state = State::Working;
        }
        if self.state == State::Over {
            return None;
        }
        let group = self.group();
        if !matches!(&group, Some(Ok(_))) {
            self.events.end(self.phase);
            self.state = State::Over;
        }
        group
    }

    fn group(&mut self) -> Option<Result<Vec<T>, Error>> {
        if self.events.cancel().is_requested() {
            return Some(Err(Error::Cancelled));
        }
        let pieces: Result<Vec<P>, Error> = self.pieces.by_ref().take(self.together).collect();
        let pieces = match pieces {
            Ok(pieces) if pieces.is_empty() => return None,
            Ok(pieces) => pieces,
            Err(error) => return Some(Err(error)),
        };
        let records: usize = pieces.iter().map(Piece::records).sum();
        let (work, cancel) = (&self.work, self.events.cancel());
        let work = |piece| match cancel.is_requested() {
            true => Err(Error::Cancelled),
            false => work(piece),
        };
        let group = self
            .model
            .on_threads(|| pieces.into_par_iter().map(work).collect());
        self.events.advance(records as u64);
        Some(group)
    }

    /// Passes all results to `take`, group by group.
    pub(crate) fn for_each(&mut self, mut take: impl FnMut(T)) -> Result<(), Error> {
        while let Some(group) = self.next_group() {
            group?.into_iter().for_each(&mut take);
        }
        Ok(())
    }
}

impl<P: Piece + 'static, T: Send + 'static> Stream<P, T> {
    /// As records: a batch for each group, joined from its results, which `take` turns into records and counts in
    /// the report.
    pub(crate) fn joined<R: 'static>(
        mut self,
        schema: SchemaRef,
        report: R,
        take: impl Fn(&mut R, T) -> Item + Send + 'static,
    ) -> Records<R> {
        let columns = SchemaRef::clone(&schema);
        Records::new(schema, report, move |report| {
            let group = self.next_group()?;
            Some(group.and_then(|group| {
                let items: Vec<_> = group.into_iter().map(|result| take(report, result)).collect();
                Item::concat(&columns, &items)
            }))
        })
    }

    /// As records: a batch for each piece.
    pub(crate) fn apart<R: 'static>(
        mut self,
        schema: SchemaRef,
        report: R,
        take: impl Fn(&mut R, T) -> Item + Send + 'static,
    ) -> Records<R> {
        let mut ready = Vec::new().into_iter();
        Records::new(schema, report, move |report| {
            loop {
                if let Some(result) = ready.next() {
                    return Some(Ok(take(report, result)));
                }
                match self.next_group()? {
                    Ok(group) => ready = group.into_iter(),
                    Err(error) => return Some(Err(error)),
                }
            }
        })
    }
}
