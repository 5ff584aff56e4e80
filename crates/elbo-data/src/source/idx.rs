//! MNIST-style idx files.
