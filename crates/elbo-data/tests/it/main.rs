//! The data crate from outside: whole folders and files as users have them, good and bad.

mod folder;
mod idx;
mod support;
mod table;
