//! Convolution as three primitives: `down` (wide to narrow), `up` (its transpose) and the
//! gradient of the kernel. No patch is ever copied: see [`plan`].

mod axis;
mod gradient;
mod plan;

use burn_flex::FlexTensor;

pub(super) use self::gradient::grad_weight;
use self::plan::{Group, Plan};
use super::{
    activation::tanh_in_place,
    gemm::build,
    tensor::{contiguous, dims, tensor, values},
    tiles::{Element, Pair, Panels, Product},
};
use crate::{Activation, ConvGeometry, Precision};

/// Records that go together in a piece: enough places of each group to fill tiles.
const RECORDS_PER_PIECE: usize = 8;
/// Multiplications that are worth a thread of their own: some 20 µs.
const WORK_PER_PIECE: usize = 1 << 20;

/// Records of a piece of work.
fn records_per_piece(plan: &Plan) -> usize {
    let worthwhile = WORK_PER_PIECE.div_ceil(plan.work().max(1));
    worthwhile.max(RECORDS_PER_PIECE).min(plan.batch.max(1))
}

/// y = f(x ⋆ W + b).
pub(super) fn down(
    wide: FlexTensor,
    weight: FlexTensor,
    bias: Option<FlexTensor>,
    geometry: ConvGeometry,
    f: Activation,
    precision: Precision,
) -> FlexTensor {
    let down = match precision {
        Precision::F32 => down_in::<f32>,
        Precision::Bf16 => down_in::<Pair>,
    };
    down(wide, weight, bias, geometry, f)
}

fn down_in<E: Element>(
    wide: FlexTensor,
    weight: FlexTensor,
    bias: Option<FlexTensor>,
    geometry: ConvGeometry,
    f: Activation,
) -> FlexTensor {
    let (wide, weight, bias) = (contiguous(wide), contiguous(weight), bias.map(contiguous));
    let [batch, h, w, _] = dims(&wide);
    let plan = Plan::new(batch, [h, w], dims(&weight), geometry);
    let elements = plan.of_wide_elements::<E>();
    let work = Work {
        groups: elements.down(records_per_piece(&plan)),
        kernels: vec![plan.down_kernel(values(&weight))],
        lens: [elements.wide().len(), plan.narrow().len()],
        bias: bias.as_ref().map(values),
        f,
    };
    let [y, x] = plan.axes;
    let shape = [batch, y.narrow, x.narrow, plan.narrow_channels];
    let wide = E::rows(values(&wide), plan.wide_channels);
    tensor(work.run(&plan, &wide), shape)
}

/// y = f(x ⋆ᵀ W + b), onto a wide image of this size.
pub(super) fn up(
    narrow: FlexTensor,
    weight: FlexTensor,
    bias: Option<FlexTensor>,
    wide: [usize; 2],
    geometry: ConvGeometry,
    f: Activation,
    precision: Precision,
) -> FlexTensor {
    let up = match precision {
        Precision::F32 => up_in::<f32>,
        Precision::Bf16 => up_in::<Pair>,
    };
    up(narrow, weight, bias, wide, geometry, f)
}

fn up_in<E: Element>(
    narrow: FlexTensor,
    weight: FlexTensor,
    bias: Option<FlexTensor>,
    wide: [usize; 2],
    geometry: ConvGeometry,
    f: Activation,
) -> FlexTensor {
    let (narrow, weight, bias) = (contiguous(narrow), contiguous(weight), bias.map(contiguous));
    let [batch, oh, ow, _] = dims(&narrow);
    let plan = Plan::new(batch, wide, dims(&weight), geometry);
    let of_wide = plan.axes.map(|axis| axis.narrow);
    assert_eq!(of_wide, [oh, ow], "the narrow image of a wide one of {wide:?}");
    let elements = plan.of_narrow_elements::<E>();
    let work = Work {
        groups: elements.up(records_per_piece(&plan)),
        kernels: plan.up_kernels(values(&weight)),
        lens: [elements.narrow().len(), plan.wide().len()],
        bias: bias.as_ref().map(values),
        f,
    };
    let shape = [batch, wide[0], wide[1], plan.wide_channels];
    let narrow = E::rows(values(&narrow), plan.narrow_channels);
    tensor(work.run(&plan, &narrow), shape)
}

/// A convolution in either direction.
struct Work<'a, E> {
    groups: Vec<Group>,
    kernels: Vec<Panels<E>>,
    /// Elements of a record's input, numbers of its output.
    lens: [usize; 2],
    bias: Option<&'a [f32]>,
    f: Activation,
}

impl<E: Element> Work<'_, E> {
    /// The output for all records.
    fn run(&self, plan: &Plan, x: &[E]) -> Vec<f32> {
        let ([from, to], records) = (self.lens, records_per_piece(plan));
        let biases = self.biases();
        build(plan.batch * to, records * to, |index, out| {
            let count = out.len() / to.max(1);
            let x = &x[index * records * from..][..count * from];
            for group in &self.groups {
                let rows = count * group.places;
                Product {
                    a: x,
                    from: &group.from[..rows],
                    step: 1,
                    taps: &group.taps,
                    b: &self.kernels[group.kernel],
                    bias: biases.get(group.kernel).map(Vec::as_slice),
                    relu: self.f == Activation::Relu,
                    to: &group.to[..rows],
                    out,
                }
                .run();
            }
            // SAFETY: the lines of both axes cover every place of the output (the tests of `axis`), their
            // pairs therefore every pixel, and the columns of a kernel all channels of its places.
            #[allow(unsafe_code)]
            let out = unsafe { out.assume_init_mut() };
            if self.f == Activation::Tanh {
                tanh_in_place(out);
            }
            out
        })
    }

    /// The bias for each kernel: once for each place of its blocks.
    fn biases(&self) -> Vec<Vec<f32>> {
        let Some(bias) = self.bias else {
            return Vec::new();
        };
        let repeated = |kernel: &Panels<E>| bias.iter().copied().cycle().take(kernel.cols()).collect();
        self.kernels.iter().map(repeated).collect()
    }
}
