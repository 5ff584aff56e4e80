//! One picture file to pixels.
