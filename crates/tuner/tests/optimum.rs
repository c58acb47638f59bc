//! The clairvoyant optimum on cases worked out by hand, at the borders, and at full size.

use rungkeeper_tuner::optimum::{Capacity, Optimum, OptimumError, Stay, optimum};

fn stay(from: u64, until: u64, weight: u64) -> Stay {
    Stay {
        from,
        until,
        weight,
    }
}

#[test]
fn nothing_to_lose() {
    let nothing = Optimum {
        lost_weight: 0,
        kept: vec![],
    };
    assert_eq!(optimum(&[], &Capacity::constant(0)), Ok(nothing));
}

#[test]
fn a_stay_within_one_turn_needs_no_capacity() {
    let best = optimum(&[stay(3, 3, 7), stay(3, 4, 7)], &Capacity::constant(0)).unwrap();
    assert_eq!(
        best,
        Optimum {
            lost_weight: 7,
            kept: vec![true, false]
        }
    );
}

#[test]
fn stays_are_half_open() {
    let back_to_back = [stay(0, 5, 2), stay(5, 9, 2)];
    assert_eq!(
        optimum(&back_to_back, &Capacity::constant(1))
            .unwrap()
            .lost_weight,
        0
    );
    let overlapping = [stay(0, 6, 2), stay(5, 9, 2)];
    assert_eq!(
        optimum(&overlapping, &Capacity::constant(1))
            .unwrap()
            .lost_weight,
        2
    );
}

#[test]
fn a_short_drop_of_capacity_counts() {
    // Turn 4 alone has no room; the stay that ends before it and the one that begins after it are
    // safe.
    let stays = [stay(0, 4, 1), stay(4, 5, 2), stay(3, 6, 4), stay(5, 9, 8)];
    let best = optimum(&stays, &Capacity::per_turn([3, 3, 3, 3, 0, 3])).unwrap();
    assert_eq!(
        best,
        Optimum {
            lost_weight: 6,
            kept: vec![true, false, false, true]
        }
    );
}

#[test]
fn one_long_stay_gives_way_to_many_short_ones() {
    let mut stays: Vec<Stay> = (0..100).map(|turn| stay(turn, turn + 1, 1)).collect();
    stays.push(stay(0, 100, 99));
    let best = optimum(&stays, &Capacity::constant(1)).unwrap();
    assert_eq!((best.lost_weight, best.kept[100]), (99, false));
    stays[100].weight = 101;
    let best = optimum(&stays, &Capacity::constant(1)).unwrap();
    assert_eq!((best.lost_weight, best.kept[100]), (100, true));
}

#[test]
fn a_stay_of_weight_zero_takes_no_place() {
    let best = optimum(&[stay(0, 9, 0), stay(0, 9, 1)], &Capacity::constant(2)).unwrap();
    assert_eq!(
        best,
        Optimum {
            lost_weight: 0,
            kept: vec![false, true]
        }
    );
}

#[test]
fn the_borders_of_the_numbers_are_allowed() {
    let half = u64::MAX / 2;
    let stays = [
        stay(0, u64::MAX, half),
        stay(u64::MAX - 1, u64::MAX, half + 1),
    ];
    assert_eq!(
        optimum(&stays, &Capacity::constant(1)).unwrap().lost_weight,
        half
    );
    assert_eq!(
        optimum(&stays, &Capacity::constant(u64::MAX))
            .unwrap()
            .lost_weight,
        0
    );
    assert_eq!(
        optimum(&stays, &Capacity::constant(0)).unwrap().lost_weight,
        u64::MAX
    );
}

#[test]
fn bad_input_is_an_error_that_names_it() {
    let error = optimum(&[stay(0, 1, 1), stay(5, 4, 1)], &Capacity::constant(1)).unwrap_err();
    assert_eq!(
        error,
        OptimumError::StayEndsBeforeItBegins {
            index: 1,
            from: 5,
            until: 4
        }
    );
    assert_eq!(
        error.to_string(),
        "stay 1 lasts from turn 5 until turn 4: `until` must be at least `from`"
    );

    let error = optimum(
        &[stay(0, 1, u64::MAX), stay(5, 6, 1)],
        &Capacity::constant(1),
    )
    .unwrap_err();
    assert_eq!(error, OptimumError::WeightsTooLarge);

    let mut capacity = Capacity::constant(1);
    capacity.change_at(7, 2).unwrap();
    let error = capacity.change_at(6, 1).unwrap_err();
    assert_eq!(error, OptimumError::CapacityOutOfOrder { turn: 6, last: 7 });
    assert_eq!(capacity.at(u64::MAX), 2);
}

#[test]
fn a_second_change_at_a_turn_replaces_the_first() {
    let mut capacity = Capacity::constant(1);
    capacity.change_at(7, 2).unwrap();
    capacity.change_at(7, 1).unwrap();
    assert_eq!(capacity, Capacity::constant(1));
    capacity.change_at(0, 5).unwrap();
    assert_eq!(capacity, Capacity::constant(5));
}

/// With unit weights and one common length the greedy choice is optimal: at each turn keep those
/// that end first. That gives the answer at a size that no enumeration reaches.
#[test]
fn twenty_thousand_stays_of_one_length() {
    let (count, length, capacity) = (20_000, 500, 64);
    let stays: Vec<Stay> = (0..count)
        .map(|from| stay(from, from + length, 1))
        .collect();
    let best = optimum(&stays, &Capacity::constant(capacity)).unwrap();
    // In each window of `length` starts, the first `capacity` are kept.
    assert_eq!(best.lost_weight, count - count / length * capacity);
    assert_eq!(
        best.kept.iter().filter(|&&kept| kept).count() as u64,
        count / length * capacity
    );
}

/// Twenty thousand stays of all lengths and levels, capacity that changes each turn: the answer
/// fits, and no stay that was given up could be put back.
#[test]
fn twenty_thousand_stays_under_changing_capacity() {
    let count = 20_000_u64;
    let scramble = |i: u64| i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let stays: Vec<Stay> = (0..count)
        .map(|i| {
            stay(
                i,
                i + (scramble(i) % 3_000),
                3_u64.pow((scramble(i + count) % 5) as u32),
            )
        })
        .collect();
    let room: Vec<u64> = (0..count + 3_000)
        .map(|turn| scramble(turn + 2 * count) % 200 + 100)
        .collect();
    let best = optimum(&stays, &Capacity::per_turn(room.iter().copied())).unwrap();

    let mut held = vec![0; room.len()];
    for (stay, _) in stays.iter().zip(&best.kept).filter(|&(_, &kept)| kept) {
        held[stay.from as usize..stay.until as usize]
            .iter_mut()
            .for_each(|held| *held += 1);
    }
    assert!(held.iter().zip(&room).all(|(held, room)| held <= room));
    let could_be_kept =
        |stay: &Stay| (stay.from..stay.until).all(|t| held[t as usize] < room[t as usize]);
    assert!(
        !stays
            .iter()
            .zip(&best.kept)
            .any(|(stay, &kept)| !kept && could_be_kept(stay))
    );
}
