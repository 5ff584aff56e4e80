//! elbo
