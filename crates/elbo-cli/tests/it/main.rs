//! The real binary, run as a person runs it, each test in a folder of its own.
//!
//! `help` is the grammar as printed; `settings` what may not be typed; `input` data that cannot be used;
//! `runs` run folders and outputs that cannot; `verbs` the whole path on a tiny model; `exact` resuming
//! and reruns to the byte; `generated` tables of every form; `judged` how good
//! generated rows are said to be; `talk` the streams and exit codes.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests lay out files as they like, and a panic there is a report"
)]

mod exact;
mod folder;
mod generated;
mod help;
mod input;
mod judged;
mod lossless;
mod rules;
mod runs;
mod settings;
mod tables;
mod talk;
mod texts;
mod verbs;
