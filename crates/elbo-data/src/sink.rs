//! Where results go: tables, arrays and pictures. Every output is whole or not there.

mod cells;
mod folder;
mod kept;
mod npy;
pub mod picture;
pub mod table;

pub use crate::atomic::Existing;
pub use folder::check_folder;
pub use picture::{RECORDS, write_picture_folder, write_pictures_npy, write_png};
pub use table::{Parts, TABLES, is_table, write_batches, write_table, writes_text};
