//! Parity with `oracle/score.jsonl`: 560 values computed by another method with 256-bit floats.

use std::path::Path;

use rungkeeper_score::{
    Horizon, PausedPosition, PromotionQuantile, PromotionRule, ResumeProbability, Rung, ScoreError,
    ScoreSettings,
    methods::{closed_form, quadratic, step_wise},
    resume_probability,
};
use serde::Deserialize;

/// A line of the file.
#[derive(Debug, Deserialize)]
struct Case {
    rank: u64,
    rung_len: u64,
    promotion_quantile: [u64; 2],
    p: f64,
    time_ratio: f64,
    approx_steps: Option<u32>,
    probability: String,
    ln_probability: Option<String>,
    family: String,
    #[serde(skip)]
    line: usize,
}

const LINES: usize = 560;

/// Error allowed: relative in the probability, and absolute in its logarithm, relative where that is below -1.
const BUDGET: f64 = 1e-12;

/// Probabilities below are tested by their logarithm only.
const SMALLEST_PROBABILITY: f64 = 1e-300;

fn cases() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/score.jsonl");
    let text = std::fs::read_to_string(path).expect("the oracle is there");
    let cases: Vec<Case> = text
        .lines()
        .enumerate()
        .map(|(index, line)| Case {
            line: index + 1,
            ..serde_json::from_str(line).expect("a line of the oracle is an object")
        })
        .collect();
    assert_eq!(cases.len(), LINES);
    cases
}

impl Case {
    fn position(&self) -> PausedPosition {
        PausedPosition {
            rank: self.rank,
            rung_len: self.rung_len,
            promotion_quantile: self.quantile(),
            p: self.p,
            time_ratio: self.time_ratio,
        }
    }

    fn quantile(&self) -> PromotionQuantile {
        let [numerator, denominator] = self.promotion_quantile;
        PromotionQuantile::new(numerator, denominator).expect("a promotion quantile")
    }

    fn settings(&self) -> ScoreSettings {
        ScoreSettings {
            approx_steps: self.approx_steps,
            ..ScoreSettings::default()
        }
    }

    /// The errors in the probability and in its logarithm, as multiples of what is allowed.
    fn errors(&self, value: ResumeProbability) -> (f64, f64) {
        let probability: f64 = self.probability.parse().expect("a number");
        let Some(ln) = &self.ln_probability else {
            assert_eq!(
                value,
                ResumeProbability::NEVER,
                "line {} ({})",
                self.line,
                self.family
            );
            return (0.0, 0.0);
        };
        let ln: f64 = ln.parse().expect("a number");
        let in_probability = if probability >= SMALLEST_PROBABILITY {
            (value.probability() - probability).abs() / (BUDGET * probability)
        } else {
            0.0
        };
        let in_ln = (value.ln_probability() - ln).abs() / (BUDGET * ln.abs().max(1.0));
        (in_probability, in_ln)
    }
}

type Method = fn(&PausedPosition, &ScoreSettings) -> Result<ResumeProbability, ScoreError>;

/// Compares a method with every line it holds for; returns how many there were.
fn check(method: Method, holds_for: impl Fn(&Case) -> bool) -> usize {
    let mut count = 0;
    for case in cases().iter().filter(|case| holds_for(case)) {
        let place = format!("line {} ({})", case.line, case.family);
        let value = method(&case.position(), &case.settings())
            .unwrap_or_else(|error| panic!("{place}: {error}"));
        let (in_probability, in_ln) = case.errors(value);
        assert!(
            in_probability <= 1.0,
            "{place}: probability {} against {}",
            value.probability(),
            case.probability
        );
        assert!(
            in_ln <= 1.0,
            "{place}: ln {} against {:?}",
            value.ln_probability(),
            case.ln_probability
        );
        count += 1;
    }
    count
}

#[test]
fn entry_point() {
    assert_eq!(check(resume_probability, |_| true), LINES);
}

#[test]
fn by_the_quadratic_method() {
    assert_eq!(check(quadratic, |_| true), LINES);
}

#[test]
fn by_the_step_wise_method() {
    assert_eq!(check(step_wise, |_| true), LINES);
}

#[test]
fn by_the_closed_form() {
    let count = check(closed_form, |case| case.quantile().numerator() == 1);
    assert!(
        count > LINES / 2,
        "only {count} lines have a promotion quantile 1/eta"
    );
}

#[test]
fn scorers_are_the_entry_point() {
    for case in cases() {
        let rung = Rung::new(case.rung_len, case.quantile(), PromotionRule::TopFraction);
        let mut scorer = rung
            .and_then(|rung| {
                rung.bernoulli(case.p, case.time_ratio, Horizon::Hard, case.approx_steps)
            })
            .expect("a valid position");
        let single =
            resume_probability(&case.position(), &case.settings()).expect("a valid position");
        for _ in 0..2 {
            let place = format!("line {} ({})", case.line, case.family);
            assert_eq!(scorer.probability(case.rank), Ok(single), "{place}");
        }
    }
}
