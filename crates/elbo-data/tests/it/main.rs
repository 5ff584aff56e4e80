//! The data crate from outside: whole folders and files as users have them, good and bad.

#![allow(clippy::disallowed_methods, reason = "tests lay out files as they like")]
#![allow(clippy::unwrap_used, reason = "a panic in a test is a report")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

mod absent;
mod dates;
mod folder;
mod forms;
mod idx;
mod keys;
mod memory;
mod parquet_times;
mod rows;
mod rules;
mod rules_in_turn;
mod support;
mod table;
mod text_columns;
mod texts;
mod types;
