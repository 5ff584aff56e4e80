//! Bins with the values in them, which are cut where those are spread least evenly.

use super::Grid;
use super::bins::{Bin, Counted};

/// A bin and its ascending values.
pub(super) struct Piece<'a> {
    pub(super) bin: Bin,
    values: &'a [Counted],
    /// The cut of the largest gain in likelihood.
    cut: Option<Cut>,
}

/// Where a bin can be cut in two.
#[derive(Clone, Copy)]
struct Cut {
    /// Values of the lower part.
    place: usize,
    /// By how many nats the values become more likely under two uniform distributions than under one.
    gain: f64,
}

impl<'a> Piece<'a> {
    pub(super) fn new(values: &'a [Counted], low: f64, high: f64, grid: Option<Grid>) -> Self {
        let count = values.iter().map(|(_, count)| count).sum();
        let bin = Bin { low, high, count };
        Self {
            bin,
            values,
            cut: best_cut(&bin, values, grid),
        }
    }
}

/// Cuts the piece that gains most by it in two, as long as the gain is more than the ln(total)/2 nats that each of
/// two more parameters costs (Schwarz 1978), and after that the fullest in the middle; returns whether one could be cut.
pub(super) fn cut_most_uneven(pieces: &mut Vec<Piece<'_>>, total: u64, grid: Option<Grid>) -> bool {
    let gain = |piece: &Piece| piece.cut.map_or(f64::NEG_INFINITY, |cut| cut.gain);
    let Some(most) = (0..pieces.len()).max_by(|a, b| gain(&pieces[*a]).total_cmp(&gain(&pieces[*b]))) else {
        return false;
    };
    let chosen = match pieces[most].cut {
        Some(cut) if cut.gain > (total as f64).ln() => Some((most, cut.place)),
        _ => fullest(pieces),
    };
    let Some((at, place)) = chosen else {
        return false;
    };
    let Piece { bin, values, .. } = pieces[at];
    let (lower, upper) = values.split_at(place);
    let high = middle(lower[place - 1].0, upper[0].0, grid);
    pieces[at] = Piece::new(lower, bin.low, high, grid);
    pieces.insert(at + 1, Piece::new(upper, step(high, 1.0, grid), bin.high, grid));
    true
}

/// The fullest piece of more than one value, and where half its records end.
fn fullest(pieces: &[Piece<'_>]) -> Option<(usize, usize)> {
    let several = (0..pieces.len()).filter(|at| pieces[*at].cut.is_some());
    let at = several.max_by_key(|at| pieces[*at].bin.count)?;
    let (values, mut before) = (pieces[at].values, 0);
    let half = values.iter().position(|(_, count)| {
        before += count;
        before * 2 >= pieces[at].bin.count
    });
    Some((at, half.map_or(1, |place| place + 1).min(values.len() - 1)))
}

/// The most likely of the cuts between two values; none of a single value.
fn best_cut(bin: &Bin, values: &[Counted], grid: Option<Grid>) -> Option<Cut> {
    // n ln(n / width): the log-likelihood of n values under their share of a uniform distribution, up to a constant.
    let fit = |count: u64, low: f64, high: f64| {
        let width = grid.map_or(high - low, |grid| grid.points(low, high));
        count as f64 * (count as f64 / width).ln()
    };
    let whole = fit(bin.count, bin.low, bin.high);
    let mut before = 0;
    let cuts = values.windows(2).enumerate().map(|(place, pair)| {
        before += pair[0].1;
        let high = middle(pair[0].0, pair[1].0, grid);
        let upper = fit(bin.count - before, step(high, 1.0, grid), bin.high);
        Cut {
            place: place + 1,
            gain: fit(before, bin.low, high) + upper - whole,
        }
    });
    cuts.max_by(|a, b| a.gain.total_cmp(&b.gain))
}

/// The neighbour of a grid point; the value itself where there is no grid.
pub(super) fn step(value: f64, by: f64, grid: Option<Grid>) -> f64 {
    grid.map_or(value, |grid| grid.at(grid.index(value) + by))
}

/// The border between two neighbouring values; on a grid the last point that belongs to the lower one.
pub(super) fn middle(low: f64, high: f64, grid: Option<Grid>) -> f64 {
    match grid {
        // Two neighbours that no number lies between: the border belongs to the higher one.
        None => (low + (high - low) / 2.0).max(low.next_up()),
        Some(grid) => {
            let (low, high) = (grid.index(low), grid.index(high));
            grid.at(low + ((high - low - 1.0) / 2.0).floor())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_is_cut_where_its_values_thin_out() {
        // 1 to 10 a hundred times each, 11 to 20 once each: cut after 10, and the gain is
        // 1000 ln(1000/10) + 10 ln(10/10) - 1010 ln(1010/20)
        let values: Vec<Counted> = (1..=20)
            .map(|i| (f64::from(i), if i <= 10 { 100 } else { 1 }))
            .collect();
        let grid = Some(Grid::of(0));
        let mut pieces = vec![Piece::new(&values, 1.0, 20.0, grid)];
        let cut = pieces[0].cut.unwrap();
        let gain = 1000.0 * 100f64.ln() - 1010.0 * 50.5f64.ln();
        assert_eq!(cut.place, 10);
        assert!((cut.gain - gain).abs() < 1e-9, "{} {gain}", cut.gain);
        assert!(cut_most_uneven(&mut pieces, 1010, grid));
        let ends: Vec<_> = pieces
            .iter()
            .map(|piece| (piece.bin.low, piece.bin.high, piece.bin.count))
            .collect();
        assert_eq!(ends, [(1.0, 10.0, 1000), (11.0, 20.0, 10)]);
        // nothing is uneven any more: the fuller one is halved
        assert!(cut_most_uneven(&mut pieces, 1010, grid));
        assert_eq!(
            (pieces[0].bin.high, pieces[1].bin.low, pieces[2].bin.count),
            (5.0, 6.0, 10)
        );
    }

    #[test]
    fn the_border_of_neighbours_is_the_higher_one() {
        for low in [1.0_f64, 1.0_f64.next_up()] {
            assert_eq!(middle(low, low.next_up(), None), low.next_up());
        }
        assert_eq!(middle(1.0, 2.0, None), 1.5);
    }

    #[test]
    fn a_single_value_is_not_cut() {
        let values = [(3.0, 9)];
        let mut pieces = vec![Piece::new(&values, 3.0, 3.0, None)];
        assert!(!cut_most_uneven(&mut pieces, 9, None));
        assert_eq!(pieces.len(), 1);
    }
}
