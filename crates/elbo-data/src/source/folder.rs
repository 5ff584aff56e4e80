//! A folder of pictures.
