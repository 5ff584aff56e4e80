//! Shape checks shared by the likelihoods.

use burn::tensor::Tensor;

/// Panics unless `scale` broadcasts onto `[batch, d]`, the shape of both `mean` and `x`.
pub(crate) fn check_broadcast(op: &str, mean: &Tensor<2>, scale: &Tensor<2>, x: &Tensor<2>) {
    assert_eq!(mean.dims(), x.dims(), "`{op}`: shapes of `mean` and `x`");
    let fits = |(have, want): (usize, usize)| have == want || have == 1;
    assert!(
        scale.dims().into_iter().zip(mean.dims()).all(fits),
        "`{op}`: a scale of {:?} does not broadcast onto {:?}",
        scale.dims(),
        mean.dims(),
    );
}
