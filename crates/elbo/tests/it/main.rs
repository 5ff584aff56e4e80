//! The facade as a program uses it: data in memory, an opened model, answers that are known.

#![allow(clippy::unwrap_used, reason = "a panic in a test is a report")]

mod gaps;
mod known_answers;
mod model;
mod mutated;
mod sets;
mod storage;
mod support;
