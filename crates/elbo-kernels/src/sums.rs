//! For each field of a record the sum of what belongs to the fields before it.

use burn::{
    backend::{
        Autodiff, Dispatch,
        autodiff::{
            checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
            grads::Gradients,
            ops::{Backward, Ops, OpsKind},
        },
        tensor::FloatTensor,
    },
    tensor::Tensor,
};

use crate::ops::{VaeGrads, VaeOps};

/// y_f = Σ p_i x_i over the blocks i whose field comes before f in the order.
///
/// The columns of `x` are blocks of equal width, one for each entry of `fields`, which names the field that the block
/// belongs to; a field may have several blocks, or none. `order` lists all fields. Differentiable in `x`; `present` is
/// data. Sums are added in the order of the fields.
///
/// # Shapes
/// - `x`: `[batch, blocks · width]`
/// - `present`: p, `[batch, blocks]`
/// - output: `[batch, fields · width]`
///
/// # Panics
/// If the shapes do not fit, or `order` is not an order of all fields that `fields` names.
pub fn sums_before(x: Tensor<2>, present: Tensor<2>, fields: &[usize], order: &[usize]) -> Tensor<2> {
    let ([batch, columns], [rows, blocks]) = (x.dims(), present.dims());
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    assert!(
        batch == rows
            && blocks == fields.len()
            && blocks > 0
            && columns.is_multiple_of(blocks)
            && sorted.iter().copied().eq(0..order.len())
            && fields.iter().all(|field| *field < order.len()),
        "`sums_before`: `x` is {:?}, `present` is {:?}, for blocks of {fields:?} in the order {order:?}",
        [batch, columns],
        [rows, blocks]
    );
    let _span = span!("sums_before forward", "{blocks}x{}", columns / blocks);
    Tensor::from_dispatch(<Dispatch as VaeOps>::sums_before(
        x.into_dispatch(),
        present.into_dispatch(),
        Blocks::new(fields, order),
    ))
}

/// The blocks of each field, and the order of the fields.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    /// Field after field: its place in the output, and its blocks.
    pub(crate) in_order: Vec<(usize, Vec<usize>)>,
    /// How many blocks there are.
    pub(crate) count: usize,
}

impl Blocks {
    fn new(fields: &[usize], order: &[usize]) -> Self {
        let of = |field: usize| {
            (0..fields.len())
                .filter(|block| fields[*block] == field)
                .collect()
        };
        Self {
            in_order: order.iter().map(|field| (*field, of(*field))).collect(),
            count: fields.len(),
        }
    }
}

/// The plain-tensor twin of [`sums_before`].
pub fn reference(x: Tensor<2>, present: Tensor<2>, fields: &[usize], order: &[usize]) -> Tensor<2> {
    let ([batch, columns], blocks) = (x.dims(), fields.len());
    let width = columns / blocks;
    let mut sum = Tensor::zeros([batch, width], &x.device());
    let mut sums = vec![None; order.len()];
    for field in order {
        sums[*field] = Some(sum.clone());
        for block in (0..blocks).filter(|block| fields[*block] == *field) {
            let own = x.clone().narrow(1, block * width, width);
            sum = sum + own * present.clone().detach().narrow(1, block, 1);
        }
    }
    Tensor::cat(sums.into_iter().flatten().collect(), 1)
}

#[derive(Debug)]
struct SumsBefore;

impl<B: VaeGrads> Backward<B, 1> for SumsBefore {
    /// p and the blocks.
    type State = (FloatTensor<B>, Blocks);

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let ([to_x], (present, blocks)) = (ops.parents, ops.state);
        let _span = span!("sums_before backward", "{}", blocks.count);
        if let Some(node) = to_x {
            grads.register::<B>(node.id, B::sums_before_grad(grad, present, blocks));
        }
    }
}

/// The operation on the autodiff backend.
pub(crate) fn tracked<B: VaeGrads, C: CheckpointStrategy>(
    x: FloatTensor<Autodiff<B, C>>,
    present: FloatTensor<Autodiff<B, C>>,
    blocks: Blocks,
) -> FloatTensor<Autodiff<B, C>> {
    let nodes = [x.node()];
    let (x, present) = (x.into_primitive(), present.into_primitive());
    let y = B::sums_before(x, present.clone(), blocks.clone());
    match SumsBefore.prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => prep.finish((present, blocks), y),
        OpsKind::UnTracked(prep) => prep.finish(y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    type Op = fn(Tensor<2>, Tensor<2>, &[usize], &[usize]) -> Tensor<2>;

    /// Blocks of fields 2, 0, 2 and 1, in the order 1, 2, 0, 3; the last field has none.
    const FIELDS: [usize; 4] = [2, 0, 2, 1];
    const ORDER: [usize; 4] = [1, 2, 0, 3];

    /// y and the gradient of x.
    fn run(op: Op, x: &Tensor<2>, present: &Tensor<2>) -> Vec<Vec<f32>> {
        let x = leaf(x);
        let y = op(x.clone(), present.clone(), &FIELDS, &ORDER);
        with_gradients(y, |g| vec![gradient(&x, g)])
    }

    #[test]
    fn sums_by_hand() {
        let x = from_values(vec![1.0, 2.0, 4.0, 8.0], [1, 4]);
        let of = |present: [f32; 4]| {
            let present = from_values(present.to_vec(), [1, 4]);
            values(sums_before(x.clone(), present, &FIELDS, &ORDER))
        };
        // before field 1 nothing, before 2 the block of 1, before 0 those of 2 too, before 3 all
        assert_eq!(of([1.0; 4]), [13.0, 0.0, 8.0, 15.0]);
        assert_eq!(of([1.0, 1.0, 0.0, 1.0]), [9.0, 0.0, 8.0, 11.0]);
    }

    #[test]
    fn matches_the_twin_around_vector_widths() {
        for width in [1, 7, 16, 64] {
            for batch in [1, 5, 300] {
                let x = random([batch, 4 * width], 1);
                let present = random([batch, 4], 2);
                let got = run(sums_before, &x, &present);
                assert_near(&got, &run(reference, &x, &present), 1e-6);
                let got = run(sums_before, &strided(&x), &strided(&present));
                assert_near(&got, &run(reference, &x, &present), 1e-6);
            }
        }
    }

    #[test]
    fn threads_do_not_change_bits_and_rows_do_not_see_each_other() {
        let (x, present) = (random([500, 4 * 64], 1), random([500, 4], 2));
        assert_thread_independent(|| run(sums_before, &x, &present));
        let changed = x.clone().slice_assign([0..7, 0..256], random([7, 256], 8));
        let tail = |x| values(sums_before(x, present.clone(), &FIELDS, &ORDER))[7 * 256..].to_vec();
        assert_eq!(tail(x), tail(changed));
        assert_eq!(
            run(sums_before, &random([0, 8], 1), &random([0, 4], 2)),
            vec![Vec::<f32>::new(); 2]
        );
    }
}
