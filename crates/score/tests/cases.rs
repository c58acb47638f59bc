//! Named cases from people who do this job, and what is refused.

mod common;

use common::{agree, position, quantile, settings};
use rungkeeper_score::{
    Horizon, PausedPosition, PromotionQuantile, PromotionRule, ResumeProbability, ScoreError,
    ScoreSettings, expected_cost, ln_expected_cost,
    methods::{closed_form, quadratic, step_wise},
    promotable, resume_probability,
};

#[test]
fn all_in_the_top() {
    for rank in 1..=3 {
        let position = position(rank, 9, quantile(1, 3), 0.33, 1.0);
        for method in [resume_probability, closed_form, quadratic, step_wise] {
            assert_eq!(
                method(&position, &ScoreSettings::default()),
                Ok(ResumeProbability::CERTAIN)
            );
        }
    }
}

#[test]
fn one_third_exactly() {
    let position = position(4, 10, quantile(1, 3), 0.33, 1.0);
    for method in [resume_probability, closed_form, quadratic, step_wise] {
        let probability = method(&position, &settings(None)).unwrap().probability();
        assert!((probability - 0.6509).abs() < 5e-5, "{probability}");
    }
}

#[test]
fn no_time_left() {
    let position = position(11, 30, quantile(1, 3), 0.3, 1e-4);
    let hard = resume_probability(&position, &ScoreSettings::default()).unwrap();
    assert_eq!(hard, ResumeProbability::NEVER);
    assert_eq!(
        (expected_cost(9, hard), ln_expected_cost(9, hard)),
        (0.0, f64::NEG_INFINITY)
    );
    let settings = ScoreSettings {
        horizon: Horizon::FirstTermKept,
        ..ScoreSettings::default()
    };
    let kept = resume_probability(&position, &settings).unwrap();
    assert!(
        (kept.probability() - 0.7f64.powi(3)).abs() < 1e-15,
        "l_0 = 3"
    );
}

#[test]
fn two_rules() {
    let third = quantile(1, 3);
    let disagree = |&n: &u64| {
        (1..=n).any(|k| {
            promotable(k, n, third, PromotionRule::TopFraction)
                != promotable(k, n, third, PromotionRule::LinearQuantile)
        })
    };
    assert_eq!((2..=200).filter(disagree).count(), 133);
}

fn good() -> PausedPosition {
    position(5, 9, quantile(1, 3), 0.33, 1.0)
}

#[test]
fn bad_positions_are_refused() {
    let with = |change: &dyn Fn(&mut PausedPosition)| {
        let mut position = good();
        change(&mut position);
        position
    };
    let mut bad = vec![
        with(&|position| position.rank = 0),
        with(&|position| position.rank = 10),
        with(&|position| position.rung_len = 0),
        with(&|position| (position.rank, position.rung_len) = (1, (1 << 53) + 1)),
    ];
    for p in [0.0, -0.0, 1.0, -0.1, 1.1, f64::NAN, f64::INFINITY] {
        bad.push(with(&|position| position.p = p));
    }
    for time_ratio in [-1e-300, f64::NAN, f64::NEG_INFINITY] {
        bad.push(with(&|position| position.time_ratio = time_ratio));
    }
    for position in &bad {
        for method in [resume_probability, closed_form, quadratic, step_wise] {
            assert!(
                method(position, &ScoreSettings::default()).is_err(),
                "{position:?}"
            );
        }
    }
    let of = |position| resume_probability(&position, &ScoreSettings::default()).unwrap_err();
    assert_eq!(
        of(bad[0]),
        ScoreError::InvalidRank {
            rank: 0,
            rung_len: 9
        }
    );
    assert_eq!(of(bad[2]), ScoreError::InvalidRungLen { rung_len: 0 });
    assert_eq!(
        of(bad[4]).to_string(),
        "p 0: must be greater than 0 and less than 1"
    );
    assert_eq!(
        of(bad[11]),
        ScoreError::InvalidTimeRatio {
            time_ratio: -1e-300
        }
    );
}

#[test]
fn a_cut_off_of_nothing_is_refused() {
    for method in [resume_probability, closed_form, quadratic, step_wise] {
        assert_eq!(
            method(&good(), &settings(Some(0))),
            Err(ScoreError::ZeroApproxSteps)
        );
    }
}

#[test]
fn bad_quantiles_are_refused() {
    assert!(PromotionQuantile::new(0, 3).is_err());
    assert!(PromotionQuantile::new(4, 3).is_err());
    assert!(PromotionQuantile::from_reduction_factor(0).is_err());
    assert!(PromotionQuantile::from_f64(0.0).is_err());
    assert!(PromotionQuantile::from_f64(1.5).is_err());
    assert!(PromotionQuantile::from_f64(f64::NAN).is_err());
    let position = position(5, 9, quantile(2, 5), 0.33, 1.0);
    let error = closed_form(&position, &ScoreSettings::default());
    assert_eq!(
        error,
        Err(ScoreError::NoClosedForm {
            numerator: 2,
            denominator: 5
        })
    );
}

#[test]
fn unbounded_work_is_an_error() {
    // p is next to alpha and the run never ends: no cut-off is in sight for a table.
    let position = position(12, 20, quantile(2, 5), 0.4001, f64::INFINITY);
    let error = resume_probability(&position, &settings(None)).unwrap_err();
    assert!(
        matches!(
            error,
            ScoreError::TooManySteps {
                limit: rungkeeper_score::MAX_WORK,
                ..
            }
        ),
        "{error}"
    );
    assert!(resume_probability(&position, &settings(Some(25))).is_ok());
}

#[test]
fn extremes_are_answered() {
    let longest = 1 << 53;
    for (numerator, denominator) in [
        (1, 2),
        (1, 3),
        (1, 1000),
        (1, 1 << 31),
        (3, 7),
        (2, (1 << 31) - 1),
    ] {
        let alpha = quantile(numerator, denominator);
        for rank in [1, longest / 2 + 1, longest] {
            for p in [5e-324, 1e-12, alpha.value(), 0.5, 1.0 - f64::EPSILON / 2.0] {
                for time_ratio in [0.0, 5e-324, 1.0, 1e12, f64::MAX, f64::INFINITY] {
                    let position = position(rank, longest, alpha, p, time_ratio);
                    let steps = if numerator == 1 {
                        [Some(1), Some(25), None]
                    } else {
                        [Some(1), Some(25), Some(100)]
                    };
                    for approx_steps in steps {
                        let value = resume_probability(&position, &settings(approx_steps)).unwrap();
                        assert!(value.ln_probability() <= 0.0, "{position:?}: {value:?}");
                    }
                }
            }
        }
    }
}

#[cfg(feature = "serde")]
#[test]
fn files_have_the_names_of_the_documentation() {
    let settings: ScoreSettings =
        serde_json::from_str(r#"{"promotion_rule": "linear_quantile", "approx_steps": null}"#)
            .unwrap();
    assert_eq!(settings.promotion_rule, PromotionRule::LinearQuantile);
    assert_eq!(
        (settings.horizon, settings.approx_steps),
        (Horizon::Hard, None)
    );
    let text = serde_json::to_string(&good()).unwrap();
    assert_eq!(
        text,
        r#"{"rank":5,"rung_len":9,"promotion_quantile":[1,3],"p":0.33,"time_ratio":1.0}"#
    );
    assert_eq!(
        serde_json::from_str::<PausedPosition>(&text).unwrap(),
        good()
    );
    assert!(serde_json::from_str::<PromotionQuantile>("[4, 3]").is_err());
    assert_eq!(
        serde_json::to_string(&Horizon::FirstTermKept).unwrap(),
        r#""first_term_kept""#
    );
}

/// Next to none or next to all of the better arrivals come in one gap: the weights of the other ways to share them out
/// are below and, from there, above the range of doubles.
#[test]
fn weights_far_from_their_mode_are_no_doubles() {
    for (rank, rung_len, eta) in [(200, 20_000, 200), (1, 15_800, 16_000)] {
        let position = position(
            rank,
            rung_len,
            quantile(1, eta),
            2.0 / eta as f64,
            f64::INFINITY,
        );
        let settings = settings(Some(170));
        let by_gap = step_wise(&position, &settings).expect("a valid position");
        let exact = closed_form(&position, &settings).expect("a valid position");
        assert!(exact < ResumeProbability::CERTAIN);
        assert!(agree(by_gap, exact), "{position:?}: {by_gap:?} {exact:?}");
    }
}

#[test]
fn horizons_are_read_by_their_names() {
    for horizon in [Horizon::Hard, Horizon::FirstTermKept] {
        assert_eq!(horizon.to_string().parse(), Ok(horizon));
    }
    assert!("Hard".parse::<Horizon>().is_err());
}
