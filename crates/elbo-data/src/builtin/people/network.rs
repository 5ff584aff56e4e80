//! The joint distribution of a person's fields: a Bayesian network, each of its tables stated here.

use rand_distr::{Distribution, StandardUniform};

use super::field::{Field, Person};
use super::law::Law;
use crate::noise::{Noise, Purpose};

/// P(region), in the order of [`Field::levels`].
pub const REGION: [f64; 5] = [0.30, 0.25, 0.12, 0.08, 0.25];
/// P(sex): female, male.
pub const SEX: [f64; 2] = [0.51, 0.49];

/// The ages between which the weights of [`AGE`] are interpolated.
pub const AGE_KNOTS: [i32; 4] = [18, 35, 60, 90];
/// Weights of age at the knots, for each region; P(age) is in proportion to them.
pub const AGE: [[f64; 4]; 5] = [
    [10.0, 12.0, 7.0, 2.0],
    [7.0, 9.0, 10.0, 3.0],
    [5.0, 6.0, 10.0, 4.0],
    [5.0, 7.0, 10.0, 5.0],
    [7.0, 9.0, 9.0, 3.0],
];

/// The first year of each band of age: 18 to 24, 25 to 39, 40 to 61, 62 to 90.
pub const BANDS: [i32; 4] = [18, 25, 40, 62];

/// P(education) outside and inside the capital, for each band of age.
pub const EDUCATION: [[[f64; 4]; 4]; 2] = [
    [
        [0.30, 0.60, 0.10, 0.00],
        [0.15, 0.45, 0.25, 0.15],
        [0.20, 0.50, 0.18, 0.12],
        [0.40, 0.42, 0.11, 0.07],
    ],
    [
        [0.20, 0.60, 0.20, 0.00],
        [0.08, 0.32, 0.32, 0.28],
        [0.12, 0.40, 0.26, 0.22],
        [0.28, 0.42, 0.17, 0.13],
    ],
];

/// P(job) is in proportion to the product of three weights; the first is that of education.
pub const JOB_EDUCATION: [[f64; 6]; 4] = [
    [1.0, 5.0, 6.0, 2.0, 0.2, 3.0],
    [3.0, 6.0, 5.0, 5.0, 1.0, 3.0],
    [2.0, 1.5, 3.0, 7.0, 5.0, 3.0],
    [1.0, 0.5, 1.5, 5.0, 10.0, 3.0],
];
/// The weight of the band of age: nobody studies from 40 on, nobody has retired before.
pub const JOB_BAND: [[f64; 6]; 4] = [
    [4.0, 1.0, 1.0, 0.7, 0.4, 0.0],
    [0.4, 1.0, 1.0, 1.0, 1.0, 0.0],
    [0.0, 1.0, 1.0, 1.0, 1.0, 0.1],
    [0.0, 0.1, 0.1, 0.15, 0.2, 4.0],
];
/// The weight of the sex.
pub const JOB_SEX: [[f64; 6]; 2] = [[1.0, 0.5, 1.5, 1.1, 0.9, 1.0], [1.0, 1.5, 0.7, 0.9, 1.1, 1.0]];

/// Median of the income in hundreds, for each job, before the factors of education and band.
pub const INCOME_JOB: [f64; 6] = [8.0, 27.0, 22.0, 30.0, 42.0, 19.0];
/// The factor of education.
pub const INCOME_EDUCATION: [f64; 4] = [0.9, 1.0, 1.15, 1.35];
/// The factor of the band of age.
pub const INCOME_BAND: [f64; 4] = [0.8, 1.0, 1.2, 1.05];
/// Shape of the log-logistic distribution: ln income has the standard deviation π / (5 √3) = 0.36.
pub const INCOME_SHAPE: f64 = 5.0;

/// P(smoker) is the product of three factors; the first is that of education.
pub const SMOKER_EDUCATION: [f64; 4] = [0.36, 0.28, 0.18, 0.11];
/// The factor of the band of age.
pub const SMOKER_BAND: [f64; 4] = [1.0, 1.1, 1.0, 0.5];
/// The factor of the sex.
pub const SMOKER_SEX: [f64; 2] = [0.8, 1.2];

/// Centre of the height of each sex up to the age of 40, in millimetres; 1 less for each year over 40.
pub const HEIGHT: [f64; 2] = [1660.0, 1795.0];
/// Scale of the logistic distribution in millimetres: a standard deviation of 36 π / √3 = 65.
pub const HEIGHT_SCALE: f64 = 36.0;

/// q of the binomial distribution of children from the age of 40 on; before, it grows evenly from 0 at 18.
pub const CHILDREN: f64 = 0.36;
/// The factor of education on q.
pub const CHILDREN_EDUCATION: [f64; 4] = [1.1, 1.0, 0.9, 0.8];

/// The last day on which anybody joined: 2024-12-31, in days since 1970-01-01.
pub const LAST_DAY: i32 = 20_088;
/// The most days that anybody has been a customer: 20 years of 365; fewer for who was not yet 18.
pub const LONGEST: i32 = 20 * 365;

/// P(not known) of each field, in the order of [`Field::ALL`].
pub const MISSING: [f64; Field::COUNT] = [0.01, 0.01, 0.02, 0.03, 0.04, 0.08, 0.04, 0.06, 0.02, 0.03];

/// The step under which the rows of this data set draw; other built-in sets take other numbers.
const STEP: u64 = 1;

/// The distribution of a field given its [parents](Field::parents), whose values `person` holds.
pub fn law(field: Field, person: &Person) -> Law {
    let of = |parent: Field| person[parent] as usize;
    let age = person[Field::Age];
    let band = BANDS.iter().rposition(|first| *first <= age).unwrap_or(0);
    let (sex, education) = (of(Field::Sex), of(Field::Education));
    match field {
        Field::Region => Law::table(0, REGION),
        Field::Sex => Law::table(0, SEX),
        Field::Age => Law::table(
            18,
            field.values().map(|age| age_weight(&AGE[of(Field::Region)], age)),
        ),
        Field::Education => Law::table(0, EDUCATION[usize::from(person[Field::Region] == 0)][band]),
        Field::Job => {
            let weight = |job: usize| JOB_EDUCATION[education][job] * JOB_BAND[band][job] * JOB_SEX[sex][job];
            Law::table(0, (0..6).map(weight))
        }
        Field::Income => {
            let median = INCOME_JOB[of(Field::Job)] * INCOME_EDUCATION[education] * INCOME_BAND[band];
            Law::log_logistic(field.values(), median, INCOME_SHAPE)
        }
        Field::Smoker => {
            let yes = SMOKER_EDUCATION[education] * SMOKER_BAND[band] * SMOKER_SEX[sex];
            Law::table(0, [1.0 - yes, yes])
        }
        Field::Height => {
            let shrunk = f64::from((age - 40).max(0));
            Law::logistic(field.values(), HEIGHT[sex] - shrunk, HEIGHT_SCALE)
        }
        Field::Children => {
            let grown = f64::from((age - 18).min(22)) / 22.0;
            Law::binomial(5, CHILDREN * grown * CHILDREN_EDUCATION[education])
        }
        Field::Joined => Law::recent(field.values(), (365 * (age - 17)).min(LONGEST)),
    }
}

/// The weights at the knots, interpolated linearly.
fn age_weight(weights: &[f64; 4], age: i32) -> f64 {
    let right = AGE_KNOTS.iter().position(|knot| age <= *knot).unwrap_or(3).max(1);
    let [from, to] = [AGE_KNOTS[right - 1], AGE_KNOTS[right]];
    let share = f64::from(age - from) / f64::from(to - from);
    weights[right - 1] + share * (weights[right] - weights[right - 1])
}

/// Person `row`, everything known.
pub fn person(noise: Noise, row: u64) -> Person {
    let mut person = Person::default();
    for (field, u) in Field::ALL.into_iter().zip(uniform(noise, row)) {
        person[field] = law(field, &person).draw(u);
    }
    person
}

/// Which fields of person `row` are not known in the data, in the order of [`Field::ALL`].
pub fn missing(noise: Noise, row: u64) -> [bool; Field::COUNT] {
    let mut missing = [false; Field::COUNT];
    let draws = uniform(noise, row).skip(Field::COUNT);
    for ((missing, rate), u) in missing.iter_mut().zip(MISSING).zip(draws) {
        *missing = u < rate;
    }
    missing
}

/// The draws of a row: one for the value of each field, then one for whether it is known.
fn uniform(noise: Noise, row: u64) -> impl Iterator<Item = f64> {
    Distribution::<f64>::sample_iter(StandardUniform, noise.stream(Purpose::Builtin, STEP, row))
}
