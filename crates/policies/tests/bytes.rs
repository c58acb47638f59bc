//! What goes for its bytes.

mod rungs;

use rungkeeper_policies::{Cheapest, Choice, Need, RemovalReason};
use rungs::{Rung, Table, chosen, ids};

fn bytes(bytes: u64) -> Need {
    Need {
        checkpoints: 0,
        bytes,
    }
}

/// The costs of trials by id, as logarithms.
fn by_id(costs: &'static [(&'static str, f64)]) -> Cheapest<Table<impl Fn(&str) -> f64 + Send>> {
    Cheapest(Table(move |id: &str| {
        costs.iter().find(|it| it.0 == id).unwrap().1
    }))
}

fn rung(trials: &[(&str, u64, u64)]) -> [Rung; 1] {
    let trials = trials.iter();
    [Rung {
        level: 1,
        len: 9,
        trials: trials
            .map(|&(id, rank, bytes)| (id.to_owned(), rank, rank - 1, bytes, false))
            .collect(),
    }]
}

#[test]
fn bytes_go_by_cost_per_byte() {
    let rungs = rung(&[("small", 5, 10), ("large", 4, 100)]);
    // The large one costs twice as much, but a fifth per byte.
    let mut policy = by_id(&[("small", 0.0), ("large", core::f64::consts::LN_2)]);
    let told = |choice: &Choice<'_>| (choice.candidate.trial_id.to_owned(), choice.reason);
    let first = chosen(&mut policy, &rungs, bytes(5), 1.0, told);
    assert_eq!(first, [("large".to_owned(), RemovalReason::MaxBytes)]);
    assert_eq!(ids(&mut policy, &rungs, bytes(105), 1.0).len(), 2);
    assert_eq!(ids(&mut policy, &rungs, bytes(1_000), 1.0).len(), 2);
}

/// Of what was taken and is not needed the most expensive is kept, and not the cheapest.
#[test]
fn what_is_not_needed_is_kept() {
    // Per byte "small" goes first, but "large" must go in any case, and is enough.
    let rungs = rung(&[("small", 9, 10), ("large", 5, 100)]);
    let mut policy = by_id(&[("small", -9.0), ("large", 1.0)]);
    assert_eq!(ids(&mut policy, &rungs, bytes(100), 1.0), ["large"]);
    // All three are taken for 100 bytes, of which one of 20 is too much.
    let rungs = rung(&[("cheap", 9, 20), ("costly", 8, 20), ("large", 7, 80)]);
    let mut policy = by_id(&[("cheap", 0.0), ("costly", 1.0), ("large", 3.0)]);
    assert_eq!(
        ids(&mut policy, &rungs, bytes(100), 1.0),
        ["cheap", "large"]
    );
}

/// Trials without a finite metric go first for their bytes too, and stay gone even where less would do; but none goes that
/// frees nothing, or once enough is free.
#[test]
fn trials_without_a_finite_metric_go_for_their_bytes() {
    let mut rungs = rung(&[
        ("empty", 9, 0),
        ("bad", 8, 5),
        ("worse", 7, 5),
        ("large", 6, 100),
    ]);
    for trial in &mut rungs[0].trials[..3] {
        trial.4 = true;
    }
    let mut policy = by_id(&[("large", 1.0)]);
    for (need, expected) in [
        (5, &["bad"][..]),
        (6, &["bad", "worse"]),
        (10, &["bad", "worse"]),
        (11, &["bad", "worse", "large"]),
        (100, &["bad", "worse", "large"]),
    ] {
        assert_eq!(
            ids(&mut policy, &rungs, bytes(need), 1.0),
            expected,
            "{need}"
        );
    }
}

/// As long as something that was taken is not needed, it is kept: the most expensive that fits, and then what fits beside it.
#[test]
fn all_that_is_not_needed_is_kept() {
    // All three are taken for 100 bytes, of which 25 are too many.
    let rungs = rung(&[("costly", 9, 20), ("cheap", 8, 5), ("large", 7, 100)]);
    let mut policy = by_id(&[("costly", 0.0), ("cheap", -0.7), ("large", 3.0)]);
    assert_eq!(ids(&mut policy, &rungs, bytes(100), 1.0), ["large"]);
    let both = ids(&mut policy, &rungs, bytes(101), 1.0);
    assert_eq!(both, ["cheap", "large"]);
}

#[test]
fn bytes_and_checkpoints_together() {
    let rungs = rung(&[("c", 6, 90), ("b", 5, 10), ("a", 4, 10)]);
    let mut policy = by_id(&[("a", -3.0), ("b", -2.0), ("c", 0.0)]);
    let need = Need {
        checkpoints: 2,
        bytes: 50,
    };
    let told = |choice: &Choice<'_>| (choice.candidate.trial_id.to_owned(), choice.reason);
    let chosen = chosen(&mut policy, &rungs, need, 1.0, told);
    let expected = [
        ("c", RemovalReason::MaxBytes),
        ("a", RemovalReason::MaxCheckpoints),
    ];
    assert_eq!(chosen, expected.map(|(id, reason)| (id.to_owned(), reason)));
}
