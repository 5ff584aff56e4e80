//! Properties of p(text | z, y), and that it can be learned.

use super::*;
use crate::distribution::Sampling;
use crate::distribution::tokens::END;
use crate::testing::{assert_all_close, device, rows, tensor, uniform, values};
use burn::module::{ModuleMapper, Param};
use burn::tensor::{Gradients, TensorData};

fn tokens(rows: &[Vec<i32>]) -> Tensor<2, Int> {
    let shape = [rows.len(), rows[0].len()];
    Tensor::from_data(TensorData::new(rows.concat(), shape), &device())
}

/// A head over END, UNKNOWN and the letters 4 and 5, beside two hidden values.
fn head() -> TextHead {
    let (device, mut draws) = (device(), 0);
    let mut noise = |n| {
        draws += 1;
        uniform(draws, n)
    };
    let shape = TextShape {
        vocabulary: 6,
        channels: 8,
        layers: 2,
    };
    TextHead::init(shape, 2, &mut Init::new(&mut noise, &device))
}

/// The same, far from uniform: its output's weights are ten times as large.
fn decided_head() -> TextHead {
    struct Enlarge(String);
    impl ModuleMapper for Enlarge {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0 = [self.0.as_str(), name].join(".");
        }
        fn exit_module(&mut self, name: &str, _: &str) {
            self.0.truncate(self.0.len() - name.len() - 1);
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            if self.0.contains("output") {
                param.map(|weights| (weights.detach() * 10.0).detach().require_grad())
            } else {
                param
            }
        }
    }
    head().map(&mut Enlarge(String::new()))
}

/// All texts of at most `length` of these tokens, with their ends, padded to `length + 1`.
fn all_texts(length: usize, letters: &[i32]) -> Vec<Vec<i32>> {
    let mut texts = vec![vec![]];
    let mut open = vec![vec![]];
    for _ in 0..length {
        let longer = open.iter().flat_map(|text: &Vec<i32>| {
            let followed = |letter: &i32| [text.as_slice(), &[*letter]].concat();
            letters.iter().map(followed)
        });
        open = longer.collect();
        texts.extend(open.clone());
    }
    for text in &mut texts {
        text.push(END);
        text.resize(length + 1, 0);
    }
    texts
}

/// p(text | hidden values 1 and −1), text by text.
fn probabilities(head: &TextHead, texts: &[Vec<i32>]) -> Vec<f64> {
    let hidden = rows([[1.0, -1.0]]).repeat_dim(0, texts.len());
    let log_prob = head.forward(hidden).log_prob(tokens(texts), None);
    values(&log_prob.exp())
}

#[test]
fn probabilities_of_all_texts_sum_to_one() {
    let head = decided_head();
    let ended: f64 = probabilities(&head, &all_texts(3, &[3, 4, 5])).iter().sum();
    // Texts of more than three tokens share what is left: all beginnings of four tokens.
    let beginnings: Vec<Vec<i32>> = all_texts(4, &[3, 4, 5])
        .into_iter()
        .filter(|text| text[4] == END)
        .map(|text| text[..4].to_vec())
        .collect();
    assert_eq!(beginnings.len(), 81);
    let open: f64 = probabilities(&head, &beginnings).iter().sum();
    assert!(open > 0.01 && ended > 0.01, "{open} {ended}");
    assert!((ended + open - 1.0).abs() < 1e-5, "{ended} + {open}");
}

#[test]
fn padding_never_matters() {
    let head = decided_head();
    let short = probabilities(&head, &[vec![4, 5, 2]]);
    let long = probabilities(&head, &[vec![4, 5, 2, 0, 0, 0, 0]]);
    assert_all_close(&short, &long, 1e-7);
    assert_all_close(&probabilities(&head, &[vec![0, 0]]), &[1.0], 0.0);
}

#[test]
fn withheld_tokens_are_predicted_and_not_shown() {
    let head = decided_head().forward(rows([[1.0, -1.0]]));
    let log_prob = |row: Vec<i32>, withheld: [f32; 3]| {
        let withheld = rows([withheld]).equal_elem(1.0);
        values(&head.log_prob(tokens(&[row]), Some(withheld)))[0]
    };
    // After the same two tokens not shown, the end is as likely; they themselves are not.
    let end = |row: Vec<i32>| {
        let beginning = vec![row[0], row[1], 0];
        log_prob(row, [1.0, 1.0, 0.0]) - log_prob(beginning, [1.0, 1.0, 0.0])
    };
    assert!((end(vec![4, 4, 2]) - end(vec![5, 5, 2])).abs() < 1e-5);
    let shown = |row| log_prob(row, [0.0; 3]);
    assert!((shown(vec![4, 4, 2]) - log_prob(vec![4, 4, 2], [1.0; 3])).abs() > 1e-4);
    assert!((log_prob(vec![4, 4, 2], [1.0; 3]) - log_prob(vec![5, 5, 2], [1.0; 3])).abs() > 1e-4);
}

#[test]
fn draws_follow_the_distribution() {
    let (head, n, length) = (decided_head(), 4000, 2);
    let hidden = rows([[1.0, -1.0]]).repeat_dim(0, n);
    let noise = tensor(uniform(7, n * length), [n, length]);
    let drawn = head.forward(hidden).sample(noise, &Sampling::default(), true);
    let drawn: Vec<i32> = drawn.into_data().iter::<i32>().collect();
    // Without UNKNOWN, and cut after two letters: what comes first, and what second.
    let given = |beginning: &[i32], next: i32| {
        let p = |token: i32| probabilities(&head, &[[beginning, &[token]].concat()])[0];
        p(next) / (p(2) + p(4) + p(5))
    };
    for text in [
        [2, 0, 0],
        [4, 2, 0],
        [5, 2, 0],
        [4, 4, 2],
        [4, 5, 2],
        [5, 4, 2],
        [5, 5, 2],
    ] {
        let p = match text {
            [2, ..] => given(&[], 2),
            [first, second, _] => given(&[], first) * given(&[first], second),
        };
        let found = drawn.chunks_exact(3).filter(|row| *row == text).count() as f64 / n as f64;
        // four standard errors of a share
        let error = 4.0 * (p * (1.0 - p) / n as f64).sqrt();
        assert!((found - p).abs() < error, "{text:?}: {found}, not {p}");
    }
}

#[test]
fn greedy_takes_the_most_likely_token_each_time() {
    let head = decided_head();
    let p = head.forward(rows([[1.0, -1.0]]));
    let found = p.sample(tensor(uniform(1, 4), [1, 4]), &Sampling::GREEDY, true);
    let mut text: Vec<i32> = vec![];
    while text.len() < 4 && text.last() != Some(&END) {
        let next = [2, 4, 5].map(|token| [text.as_slice(), &[token]].concat());
        let p = probabilities(&head, &next);
        let best = (0..3).max_by(|a, b| p[*a].total_cmp(&p[*b])).unwrap();
        text = next[best].clone();
    }
    if text.last() != Some(&END) {
        text.push(END);
    }
    text.resize(5, 0);
    assert_eq!(found.into_data().iter::<i32>().collect::<Vec<_>>(), text);
}

#[test]
fn a_wide_beam_finds_the_most_likely_text() {
    let head = decided_head();
    let p = head.forward(rows([[-1.0, 1.0], [1.0, -1.0]]));
    let found: Vec<i32> = p.beam(8, 3, true).into_data().iter::<i32>().collect();
    let texts = all_texts(3, &[4, 5]);
    let likely = probabilities(&head, &texts);
    let best = (0..texts.len())
        .max_by(|a, b| likely[*a].total_cmp(&likely[*b]))
        .unwrap();
    assert_eq!(found[4..], texts[best]);
}

#[test]
fn an_embedded_text_is_nothing_where_it_is_missing() {
    let shape = TextShape {
        vocabulary: 6,
        channels: 4,
        layers: 1,
    };
    let mut noise = |n| uniform(3, n);
    let embedding = TextEmbedding::init(shape, 3, &mut Init::new(&mut noise, &device()));
    let tokens = tokens(&[vec![4, 2], vec![4, 2]]);
    let texts = Texts {
        tokens: &tokens,
        withheld: None,
        groups: None,
    };
    let embedded = embedding.embed(texts, rows([[1.0], [0.0]]));
    assert_eq!(embedded.dims(), [2, embedding.width()]);
    let embedded = values(&embedded);
    assert!(embedded[..3].iter().all(|value| value.abs() > 1e-6));
    assert_eq!(embedded[3..], [1.0, 0.0, 0.0, 0.0, 0.0]);
}

/// One step down the gradient.
struct Descent<'a> {
    gradients: &'a Gradients,
    rate: f32,
}

impl ModuleMapper for Descent<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|weights| match weights.grad(self.gradients) {
            Some(gradient) => Tensor::from_inner(weights.inner() - gradient * self.rate).require_grad(),
            None => weights,
        })
    }
}

#[test]
fn it_learns_a_language_and_what_chooses_the_text() {
    // Hidden value 1: `4 5 4`; −1: `5 5 4 4` or `5`, each half of the time.
    let texts = [[4, 5, 4, 2, 0], [4, 5, 4, 2, 0], [5, 5, 4, 4, 2], [5, 2, 0, 0, 0]].map(Vec::from);
    let hidden = rows([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]]);
    let mut head = head();
    for _ in 0..1000 {
        let log_prob = head.forward(hidden.clone()).log_prob(tokens(&texts), None);
        let gradients = (-log_prob.mean()).backward();
        head = head.map(&mut Descent {
            gradients: &gradients,
            rate: 0.1,
        });
    }
    let log_prob = values(&head.forward(hidden).log_prob(tokens(&texts), None));
    // certain, and one of two
    let half = -2.0_f64.ln();
    assert_all_close(&log_prob, &[0.0, 0.0, half, half], 0.15);
}
