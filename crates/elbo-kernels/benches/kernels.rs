//! Timings of the kernels on the shapes of the models we train.
fn main() {}
