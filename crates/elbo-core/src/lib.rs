//! elbo-core
