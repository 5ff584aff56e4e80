//! Convolution as three primitives: `down` (wide to narrow), `up` (its transpose) and the
//! gradient of the kernel. Patches are gathered a tile at a time, small enough to stay in cache.

use std::{cell::RefCell, ops::Range};

use burn_flex::FlexTensor;
use rayon::prelude::*;

use super::{
    activation::finish,
    gemm::{Matrix, build, product_init, product_into, zeros_init},
    patches::Plan,
    rows::sum_in_order,
    tensor::{contiguous, dims, tensor, values},
};
use crate::{Activation, ConvGeometry};

/// Numbers of patches gathered at a time: 256 KiB, half the L2 cache of a small core.
const TILE: usize = 1 << 16;
/// Pieces a batch is cut into at most when tiles could be bigger, so that threads can share it.
const PIECES: usize = 16;
/// Multiplications that are worth a thread of their own: some 20 µs.
const WORK_PER_PIECE: usize = 1 << 19;
/// Positions of the narrow image behind each partial sum of the kernel's gradient.
const POSITIONS_PER_PART: usize = 512;

thread_local! {
    /// The patches of the tile this thread works on. No kernel calls another while it holds them.
    static PATCHES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Lends this thread's buffer, at least `len` long, holding anything.
fn with_patches<R>(len: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    PATCHES.with_borrow_mut(|patches| {
        if patches.len() < len {
            patches.resize(len, 0.0);
        }
        f(&mut patches[..len])
    })
}

/// Lines of the narrow image per tile: enough work, and little enough room.
fn lines_per_tile(plan: &Plan) -> usize {
    let worthwhile = WORK_PER_PIECE / plan.work_per_line().max(1);
    let fitting = TILE / (plan.narrow[1] * plan.patch()).max(1);
    plan.lines().div_ceil(PIECES).max(worthwhile).min(fitting).max(1)
}

/// Records per piece where a piece must be whole records.
fn records_per_piece(plan: &Plan) -> usize {
    (WORK_PER_PIECE / (plan.work_per_line() * plan.narrow[0]).max(1)).max(1)
}

/// Partial sums of the kernel's gradient: few enough that adding them up costs little.
fn parts(plan: &Plan) -> usize {
    let positions = plan.lines() * plan.narrow[1];
    let worthwhile = plan.lines() * plan.work_per_line() / WORK_PER_PIECE;
    (positions / POSITIONS_PER_PART).min(worthwhile).clamp(1, PIECES)
}

/// y = f(x ⋆ W + b).
pub(super) fn down(
    wide: FlexTensor,
    weight: FlexTensor,
    bias: Option<FlexTensor>,
    geometry: ConvGeometry,
    f: Activation,
) -> FlexTensor {
    let (wide, weight, bias) = (contiguous(wide), contiguous(weight), bias.map(contiguous));
    let [kh, kw, _, narrow_channels] = dims(&weight);
    let plan = Plan::from_wide(&wide, narrow_channels, [kh, kw], geometry);
    let kernel = Matrix::new(values(&weight), plan.patch(), narrow_channels);
    let tile = lines_per_tile(&plan);
    let y = build(
        plan.lines() * plan.narrow_line(),
        tile * plan.narrow_line(),
        |index, out| {
            let positions = out.len() / narrow_channels;
            let lines = index * tile..index * tile + positions / plan.narrow[1];
            let out = with_patches(positions * plan.patch(), |patches| {
                plan.gather(values(&wide), lines, patches);
                product_init(Matrix::new(patches, positions, plan.patch()), kernel, out)
            });
            if let Some(bias) = &bias {
                finish(out, values(bias), f);
            }
            out
        },
    );
    let [oh, ow] = plan.narrow;
    tensor(y, [plan.batch, oh, ow, narrow_channels])
}

/// y = f(x ⋆ᵀ W + b), onto a wide image of the given size.
pub(super) fn up(
    narrow: FlexTensor,
    weight: FlexTensor,
    bias: Option<FlexTensor>,
    wide: [usize; 2],
    geometry: ConvGeometry,
    f: Activation,
) -> FlexTensor {
    let (narrow, weight, bias) = (contiguous(narrow), contiguous(weight), bias.map(contiguous));
    let [kh, kw, wide_channels, _] = dims(&weight);
    let plan = Plan::from_narrow(&narrow, wide, wide_channels, [kh, kw], geometry);
    let kernel = Matrix::new(values(&weight), plan.patch(), plan.narrow_channels);
    let records = records_per_piece(&plan);
    let y = build(
        plan.batch * plan.wide_len(),
        records * plan.wide_len(),
        |index, out| {
            let images = zeros_init(out);
            for (record, image) in (index * records..).zip(images.chunks_exact_mut(plan.wide_len())) {
                spread(&plan, values(&narrow), kernel, record, image);
            }
            if let Some(bias) = &bias {
                finish(images, values(bias), f);
            }
            images
        },
    );
    tensor(y, [plan.batch, wide[0], wide[1], wide_channels])
}

/// Adds one record's narrow image, through the transposed kernel, to its wide image.
fn spread(plan: &Plan, narrow: &[f32], kernel: Matrix, record: usize, image: &mut [f32]) {
    let rows = plan.narrow[0];
    let tile = (TILE / (plan.narrow[1] * plan.patch()).max(1)).clamp(1, rows.max(1));
    for start in (0..rows).step_by(tile) {
        let end = rows.min(start + tile);
        let line = record * rows + start;
        let (from, len) = (line * plan.narrow_line(), (end - start) * plan.narrow_line());
        let positions = (end - start) * plan.narrow[1];
        with_patches(positions * plan.patch(), |patches| {
            let y = Matrix::new(&narrow[from..from + len], positions, plan.narrow_channels);
            product_into(y, kernel.t(), patches, false);
            plan.scatter_add(patches, start..end, image);
        });
    }
}

/// The gradient of ⟨narrow, down(wide, W)⟩ with respect to W.
pub(super) fn grad_weight(
    wide: FlexTensor,
    narrow: FlexTensor,
    kernel: [usize; 2],
    geometry: ConvGeometry,
) -> FlexTensor {
    let (wide, narrow) = (contiguous(wide), contiguous(narrow));
    let [_, _, _, narrow_channels] = dims(&narrow);
    let plan = Plan::from_wide(&wide, narrow_channels, kernel, geometry);
    let parts = parts(&plan);
    let lines_per_part = plan.lines().div_ceil(parts);
    let len = plan.patch() * narrow_channels;
    let mut sums = vec![0.0; parts * len];
    sums.par_chunks_mut(len.max(1))
        .enumerate()
        .for_each(|(part, sum)| {
            let start = part * lines_per_part;
            let end = plan.lines().min(start + lines_per_part);
            for line in (start..end).step_by(lines_per_tile(&plan)) {
                let lines = line..end.min(line + lines_per_tile(&plan));
                add_outer(&plan, values(&wide), values(&narrow), lines, sum);
            }
        });
    let [kh, kw] = kernel;
    tensor(
        sum_in_order(&sums, len),
        [kh, kw, plan.wide_channels, narrow_channels],
    )
}

/// Adds patchesᵀ narrow, over `lines`, to `sum`.
fn add_outer(plan: &Plan, wide: &[f32], narrow: &[f32], lines: Range<usize>, sum: &mut [f32]) {
    let positions = lines.len() * plan.narrow[1];
    let narrow = &narrow[lines.start * plan.narrow_line()..lines.end * plan.narrow_line()];
    with_patches(positions * plan.patch(), |patches| {
        plan.gather(wide, lines, patches);
        let patches = Matrix::new(patches, positions, plan.patch());
        product_into(
            patches.t(),
            Matrix::new(narrow, positions, plan.narrow_channels),
            sum,
            true,
        );
    });
}
