//! Laws of the clairvoyant optimum.

use proptest::collection::vec;
use proptest::prelude::*;
use rungkeeper_tuner::optimum::{Capacity, Stay, optimum};

const TURNS: u64 = 12;

fn stay() -> impl Strategy<Value = Stay> {
    // Few turns, small weights: ties, shared endpoints and equal stays are common.
    (0..TURNS, 0..TURNS, 0_u64..6).prop_map(|(a, b, weight)| Stay {
        from: a.min(b),
        until: a.max(b),
        weight,
    })
}

fn capacities(most: u64) -> impl Strategy<Value = Vec<u64>> {
    // One more than the turns that stays reach; a shorter list goes on with its last value.
    vec(0..=most, 0..=TURNS as usize)
}

/// Whether no turn has more kept stays than capacity, looked at turn by turn.
fn fits(stays: &[Stay], capacity: &Capacity, kept: impl Fn(usize) -> bool) -> bool {
    let held = |turn| {
        let holds =
            |&(index, stay): &(usize, &Stay)| kept(index) && stay.from <= turn && turn < stay.until;
        stays.iter().enumerate().filter(holds).count() as u64
    };
    let last = stays.iter().map(|stay| stay.until).max().unwrap_or(0);
    (0..last).all(|turn| held(turn) <= capacity.at(turn))
}

fn lost(stays: &[Stay], kept: impl Fn(usize) -> bool) -> u64 {
    stays
        .iter()
        .enumerate()
        .filter(|&(index, _)| !kept(index))
        .map(|(_, stay)| stay.weight)
        .sum()
}

/// The least loss over all subsets.
fn by_enumeration(stays: &[Stay], capacity: &Capacity) -> u64 {
    let subsets = 0_u32..1 << stays.len();
    let feasible = subsets.filter(|set| fits(stays, capacity, |index| set >> index & 1 == 1));
    feasible
        .map(|set| lost(stays, |index| set >> index & 1 == 1))
        .min()
        .expect("the empty set fits")
}

/// The least loss by a table over (turn, set of stays kept that are still open): no flow, no
/// subsets of the whole list.
fn by_sweep(stays: &[Stay], capacity: &Capacity) -> u64 {
    let mut table = std::collections::BTreeMap::from([(Vec::new(), 0_u64)]);
    for turn in 0..TURNS {
        let mut next = std::collections::BTreeMap::new();
        for (open, cost) in table {
            let open: Vec<usize> = open
                .into_iter()
                .filter(|&index: &usize| stays[index].until > turn)
                .collect();
            let begin = stays
                .iter()
                .enumerate()
                .filter(|(_, stay)| stay.from == turn && stay.until > turn);
            let mut choices = vec![(open, cost)];
            for (index, stay) in begin {
                for choice in 0..choices.len() {
                    let (mut with, cost) = choices[choice].clone();
                    with.push(index);
                    choices[choice].1 += stay.weight;
                    choices.push((with, cost));
                }
            }
            for (open, cost) in choices
                .into_iter()
                .filter(|(open, _)| open.len() as u64 <= capacity.at(turn))
            {
                let best = next.entry(open).or_insert(cost);
                *best = cost.min(*best);
            }
        }
        table = next;
    }
    table
        .into_values()
        .min()
        .expect("giving everything up is always possible")
}

proptest! {
    #[test]
    fn optimum_equals_the_best_of_all_subsets(
        stays in vec(stay(), 0..=9),
        capacity in capacities(4),
    ) {
        let capacity = Capacity::per_turn(capacity);
        prop_assert_eq!(optimum(&stays, &capacity)?.lost_weight, by_enumeration(&stays, &capacity));
    }

    #[test]
    fn optimum_equals_a_table_over_open_stays(
        stays in vec(stay(), 10..=26),
        capacity in capacities(3),
    ) {
        let capacity = Capacity::per_turn(capacity);
        prop_assert_eq!(optimum(&stays, &capacity)?.lost_weight, by_sweep(&stays, &capacity));
    }

    #[test]
    fn kept_stays_fit_and_the_others_sum_to_the_loss(
        stays in vec(stay(), 0..=60),
        capacity in capacities(20),
    ) {
        let capacity = Capacity::per_turn(capacity);
        let best = optimum(&stays, &capacity)?;
        prop_assert_eq!(best.kept.len(), stays.len());
        prop_assert!(fits(&stays, &capacity, |index| best.kept[index]));
        prop_assert_eq!(best.lost_weight, lost(&stays, |index| best.kept[index]));
    }

    #[test]
    fn more_capacity_never_loses_more(
        stays in vec(stay(), 0..=40),
        capacity in vec((0_u64..=8, 0_u64..=3), TURNS as usize),
    ) {
        let less = Capacity::per_turn(capacity.iter().map(|&(least, _)| least));
        let more = Capacity::per_turn(capacity.iter().map(|&(least, extra)| least + extra));
        prop_assert!(optimum(&stays, &more)?.lost_weight <= optimum(&stays, &less)?.lost_weight);
    }

    /// The loss as a function of a constant capacity falls by less with each unit: the paths of the
    /// flow get no better.
    #[test]
    fn each_further_unit_of_capacity_saves_no_more(stays in vec(stay(), 0..=40)) {
        let best = |capacity| optimum(&stays, &Capacity::constant(capacity));
        let losses = (0..12).map(|capacity| Ok(best(capacity)?.lost_weight));
        let losses = losses.collect::<Result<Vec<u64>, TestCaseError>>()?;
        let convex = losses.windows(3).all(|loss| loss[0] - loss[1] >= loss[1] - loss[2]);
        prop_assert!(convex, "{losses:?}");
    }

    #[test]
    fn stretching_time_changes_nothing(
        stays in vec(stay(), 0..=40),
        capacity in capacities(8),
        scale in 1_u64..1_000_000_000_000,
    ) {
        let mut slow = Capacity::constant(0);
        for (turn, &capacity) in (0..).zip(&capacity) {
            slow.change_at(turn * scale, capacity)?;
        }
        let late: Vec<Stay> = stays
            .iter()
            .map(|stay| Stay { from: stay.from * scale, until: stay.until * scale, ..*stay })
            .collect();
        prop_assert_eq!(optimum(&late, &slow)?, optimum(&stays, &Capacity::per_turn(capacity))?);
    }

    #[test]
    fn scaling_the_weights_scales_the_loss(
        stays in vec(stay(), 0..=40),
        capacity in capacities(8),
        scale in 1..=u64::MAX / (5 * 40),
    ) {
        let capacity = Capacity::per_turn(capacity);
        let heavier = |stay: &Stay| Stay { weight: stay.weight * scale, ..*stay };
        let heavy: Vec<Stay> = stays.iter().map(heavier).collect();
        let loss = optimum(&stays, &capacity)?.lost_weight;
        prop_assert_eq!(optimum(&heavy, &capacity)?.lost_weight, loss * scale);
    }

    #[test]
    fn capacity_by_changes_equals_capacity_by_turns(
        capacity in capacities(3),
        after in 0_u64..100,
    ) {
        let mut changes = Capacity::constant(0);
        for (turn, &capacity) in (0..).zip(&capacity) {
            changes.change_at(turn, capacity)?;
        }
        let last = capacity.len().saturating_sub(1);
        let expected = capacity.get(last.min(after as usize)).copied().unwrap_or(0);
        prop_assert_eq!(changes.at(after), expected);
        prop_assert_eq!(changes, Capacity::per_turn(capacity));
    }
}
