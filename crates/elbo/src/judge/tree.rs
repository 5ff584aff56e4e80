//! One tree of a judge, grown leaf by leaf on histograms of gradients (Ke et al. 2017).

use super::bins::{BINS, Binned, MISSING, Matrix};

/// Most leaves of a tree.
const LEAVES: usize = 31;
/// Fewest rows of a leaf.
const FEWEST: f64 = 20.0;
/// λ of a leaf's value −G / (H + λ).
const RIDGE: f64 = 1.0;
/// So many average rows are added to each level before levels are ordered, so that rare ones do not come first by chance.
const SMOOTHING: f64 = 10.0;
/// The least gain that a split is made for, in the units of the loss.
const LEAST_GAIN: f64 = 1e-7;

/// A tree: splits and leaves, the root first.
#[derive(Clone, Debug)]
pub(super) struct Tree(Vec<Node>);

#[derive(Clone, Debug)]
enum Node {
    Leaf(f64),
    Split {
        field: usize,
        left: Set,
        children: [usize; 2],
    },
}

/// Some bins.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Set([u64; BINS / 64]);

impl Set {
    fn insert(&mut self, bin: u8) {
        self.0[usize::from(bin) / 64] |= 1 << (bin % 64);
    }

    fn has(&self, bin: u8) -> bool {
        self.0[usize::from(bin) / 64] >> (bin % 64) & 1 == 1
    }
}

/// Sums over rows: of the gradient, of the second derivative, and of the rows.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    g: f64,
    h: f64,
    n: f64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.g += other.g;
        self.h += other.h;
        self.n += other.n;
    }

    fn minus(self, other: Self) -> Self {
        Self {
            g: self.g - other.g,
            h: self.h - other.h,
            n: self.n - other.n,
        }
    }

    /// What the best constant takes off the loss, twice: G² / (H + λ).
    fn gain(self) -> f64 {
        self.g * self.g / (self.h + RIDGE)
    }

    fn value(self) -> f64 {
        -self.g / (self.h + RIDGE)
    }
}

/// The gradient and the second derivative of the loss of each row.
pub(super) struct Slopes {
    pub g: Vec<f64>,
    pub h: Vec<f64>,
}

/// What a leaf can be divided into.
#[derive(Clone, Copy)]
struct Split {
    gain: f64,
    field: usize,
    left: Set,
}

/// A leaf that may still be divided.
struct Open {
    node: usize,
    rows: Vec<u32>,
    histogram: Vec<Sums>,
    best: Option<Split>,
}

struct Grower<'a> {
    matrix: &'a Matrix,
    slopes: &'a Slopes,
    /// Where the bins of each field begin in a histogram.
    starts: Vec<usize>,
    bins: usize,
}

impl Tree {
    /// Fits the slopes of some rows; `take` gets the rows of each leaf, and its value.
    pub(super) fn grow(
        matrix: &Matrix,
        slopes: &Slopes,
        rows: Vec<u32>,
        mut take: impl FnMut(&[u32], f64),
    ) -> Self {
        let grower = Grower::new(matrix, slopes);
        let histogram = grower.histogram(&rows);
        let mut nodes = vec![Node::Leaf(0.0)];
        let mut open = vec![grower.open(0, rows, histogram)];
        while open.len() < LEAVES {
            let gain = |leaf: &Open| leaf.best.map_or(f64::NEG_INFINITY, |split| split.gain);
            let widest = (0..open.len()).reduce(|a, b| if gain(&open[b]) > gain(&open[a]) { b } else { a });
            let Some((place, split)) = widest.and_then(|place| Some((place, open[place].best?))) else {
                break;
            };
            let leaf = open.swap_remove(place);
            let children = [nodes.len(), nodes.len() + 1];
            nodes[leaf.node] = Node::Split {
                field: split.field,
                left: split.left,
                children,
            };
            nodes.extend([Node::Leaf(0.0), Node::Leaf(0.0)]);
            open.extend(grower.divide(leaf, split, children));
        }
        for leaf in open {
            let value = grower.total(&leaf.rows).value();
            nodes[leaf.node] = Node::Leaf(value);
            take(&leaf.rows, value);
        }
        Self(nodes)
    }

    /// The value of the leaf of a row.
    pub(super) fn value(&self, bins: &[u8]) -> f64 {
        let mut node = 0;
        loop {
            match &self.0[node] {
                Node::Leaf(value) => return *value,
                Node::Split {
                    field,
                    left,
                    children,
                } => node = children[usize::from(!left.has(bins[*field]))],
            }
        }
    }
}

impl<'a> Grower<'a> {
    fn new(matrix: &'a Matrix, slopes: &'a Slopes) -> Self {
        let mut bins = 0;
        let start = |field: &Binned| {
            bins += field.bins;
            bins - field.bins
        };
        let starts = matrix.fields.iter().map(start).collect();
        Self {
            matrix,
            slopes,
            starts,
            bins,
        }
    }

    fn sums(&self, row: u32) -> Sums {
        let row = row as usize;
        Sums {
            g: self.slopes.g[row],
            h: self.slopes.h[row],
            n: 1.0,
        }
    }

    fn total(&self, rows: &[u32]) -> Sums {
        let mut total = Sums::default();
        rows.iter().for_each(|row| total.add(self.sums(*row)));
        total
    }

    /// The sums of each bin of each field.
    fn histogram(&self, rows: &[u32]) -> Vec<Sums> {
        let mut histogram = vec![Sums::default(); self.bins];
        for row in rows {
            let sums = self.sums(*row);
            for (bin, start) in self.matrix.row(*row as usize).iter().zip(&self.starts) {
                histogram[start + usize::from(*bin)].add(sums);
            }
        }
        histogram
    }

    fn open(&self, node: usize, rows: Vec<u32>, histogram: Vec<Sums>) -> Open {
        let total = self.total(&rows);
        let fields = self.matrix.fields.iter().zip(&self.starts).enumerate();
        let splits = fields.filter_map(|(field, (binned, start))| {
            best_split(field, *binned, &histogram[*start..start + binned.bins], total)
        });
        let best = splits.reduce(|a, b| if b.gain > a.gain { b } else { a });
        Open {
            best,
            node,
            rows,
            histogram,
        }
    }

    /// The two leaves that a leaf becomes. The histogram of the larger is what the smaller one leaves.
    fn divide(&self, leaf: Open, split: Split, nodes: [usize; 2]) -> [Open; 2] {
        let goes_left = |row: &u32| split.left.has(self.matrix.bin(*row as usize, split.field));
        let (left, right): (Vec<u32>, Vec<u32>) = leaf.rows.iter().partition(|row| goes_left(row));
        let smaller = self.histogram(if left.len() <= right.len() { &left } else { &right });
        let larger = leaf
            .histogram
            .iter()
            .zip(&smaller)
            .map(|(all, part)| all.minus(*part));
        let larger: Vec<Sums> = larger.collect();
        let (of_left, of_right) = match left.len() <= right.len() {
            true => (smaller, larger),
            false => (larger, smaller),
        };
        [
            self.open(nodes[0], left, of_left),
            self.open(nodes[1], right, of_right),
        ]
    }
}

/// The best split of a field. Bins with an order are cut in two, once with what is missing on either side; levels are
/// first put in the order of their mean slopes (Fisher 1958).
fn best_split(field: usize, binned: Binned, histogram: &[Sums], total: Sums) -> Option<Split> {
    let mut order: Vec<u8> = (0..histogram.len()).map(|bin| bin as u8).collect();
    if !binned.ordered {
        // A level that no row here has is like the average row.
        let smoothing = SMOOTHING * total.h / total.n.max(1.0);
        let mean = total.g / (total.h + RIDGE);
        let slope = |bin: &u8| {
            let sums = histogram[usize::from(*bin)];
            (sums.g + smoothing * mean) / (sums.h + smoothing)
        };
        order.sort_by(|a, b| slope(a).total_cmp(&slope(b)).then(a.cmp(b)));
    }
    let first = cut(field, &order, histogram, total);
    if !binned.ordered || histogram[usize::from(MISSING)].n < 0.5 {
        return first;
    }
    order.rotate_left(1);
    let last = cut(field, &order, histogram, total);
    [first, last]
        .into_iter()
        .flatten()
        .reduce(|a, b| if b.gain > a.gain { b } else { a })
}

/// The best cut through bins in this order.
fn cut(field: usize, order: &[u8], histogram: &[Sums], total: Sums) -> Option<Split> {
    let mut left = Sums::default();
    let mut best: Option<(f64, usize)> = None;
    for (place, bin) in order.iter().enumerate() {
        left.add(histogram[usize::from(*bin)]);
        let right = total.minus(left);
        if left.n < FEWEST || right.n < FEWEST {
            continue;
        }
        let gain = left.gain() + right.gain() - total.gain();
        if gain > best.map_or(LEAST_GAIN, |best| best.0) {
            best = Some((gain, place));
        }
    }
    let (gain, place) = best?;
    let mut left = Set::default();
    order[..=place].iter().for_each(|bin| left.insert(*bin));
    Some(Split { gain, field, left })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::bins::Bins;
    use crate::judge::table::Table;
    use crate::judge::testing::{levels, numbers};
    use crate::readout::{Attribute, Values};

    /// A tree for y by squared error, from 0: g = −y, h = 1.
    fn fitted(table: &Table, y: &[f64]) -> (Tree, Matrix) {
        let matrix = Bins::fit(table).apply(table);
        let slopes = Slopes {
            g: y.iter().map(|y| -y).collect(),
            h: vec![1.0; y.len()],
        };
        let rows = (0..y.len() as u32).collect();
        (Tree::grow(&matrix, &slopes, rows, |_, _| {}), matrix)
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        let x: Vec<f64> = (0..100).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| if *x < 37.0 { 1.0 } else { -2.0 }).collect();
        let (tree, matrix) = fitted(&Table::new(vec![numbers("x", x)]).unwrap(), &y);
        // The sum of n equal values over n + λ.
        let found = |row| tree.value(matrix.row(row));
        assert!((found(36) - 37.0 / 38.0).abs() < 1e-12, "{}", found(36));
        assert!((found(0) - found(36)).abs() < 1e-12);
        let high: Vec<f64> = (37..100).map(found).collect();
        assert!(high.iter().all(|value| (-2.0..-1.9).contains(value)), "{high:?}");
    }

    #[test]
    fn levels_are_divided_whatever_their_order() {
        let codes = (0..200).map(|row| row % 4);
        let y: Vec<f64> = codes.clone().map(|code| f64::from(code % 2)).collect();
        let (tree, matrix) = fitted(&Table::new(vec![levels("x", 4, codes)]).unwrap(), &y);
        let found: Vec<f64> = (0..4).map(|row| tree.value(matrix.row(row))).collect();
        // Levels 1 and 3, of fifty rows each, are ones; smoothing leaves 100/101, or 50/51 if divided again.
        assert!(found[0] == 0.0 && found[2] == 0.0, "{found:?}");
        assert!(found[1] > 0.97 && found[3] > 0.97, "{found:?}");
    }

    #[test]
    fn what_is_missing_goes_to_the_side_that_it_is_like() {
        let values = (0..90).map(|row| (row % 3 != 0).then_some(f64::from(row % 3)));
        let y: Vec<f64> = (0..90).map(|row| f64::from(u8::from(row % 3 != 1))).collect();
        let gaps = Attribute {
            name: "a".into(),
            values: Values::Number(values.collect()),
        };
        let (tree, matrix) = fitted(&Table::new(vec![gaps]).unwrap(), &y);
        let found: Vec<f64> = (0..3).map(|row| tree.value(matrix.row(row))).collect();
        assert!(found[0] > 0.9 && found[1] == 0.0 && found[2] > 0.9, "{found:?}");
    }

    #[test]
    fn values_between_those_that_were_learned_go_to_the_nearer_side() {
        let x: Vec<f64> = (0..100).map(f64::from).collect();
        let table = Table::new(vec![numbers("x", x)]).unwrap();
        let matrix = Bins::fit(&table).apply(&table);
        let slopes = Slopes {
            g: (0..100).map(|row| f64::from(u8::from(row < 50))).collect(),
            h: vec![1.0; 100],
        };
        // Only even rows are learned.
        let rows = (0..100).step_by(2).collect();
        let tree = Tree::grow(&matrix, &slopes, rows, |_, _| {});
        let found: Vec<f64> = (0..100).map(|row| tree.value(matrix.row(row))).collect();
        assert!(found[..49].iter().all(|value| *value < -0.9), "{found:?}");
        assert!(found[50..].iter().all(|value| *value == 0.0), "{found:?}");
    }

    #[test]
    fn a_leaf_has_twenty_rows() {
        let y: Vec<f64> = (0..39).map(f64::from).collect();
        let (tree, _) = fitted(&Table::new(vec![numbers("x", y.clone())]).unwrap(), &y);
        assert_eq!(tree.0.len(), 1, "39 rows cannot be divided");
    }
}
