//! On the data sets that come with the project, the rank-aware policy loses less than the
//! speculative one: geo at most 0.95, arith at most 0.85, both with intervals below 1.

use rungkeeper_tests::quality::{Column, Family, Of, PROVED, Part, Plan, REFERENCE, families};

/// The page's seeds begin at 8; so do these.
const SEEDS: std::ops::Range<u64> = 8..12;

#[test]
fn rank_aware_loses_less_on_the_shipped_curves() {
    let shipped: Vec<Family> = families().into_iter().filter(Family::is_data_set).collect();
    assert_eq!(shipped.len(), 3);
    let part = Part::frozen(Plan::of(shipped, SEEDS.collect())).unwrap();
    let found = part.compare(Of::default(), PROVED, REFERENCE).unwrap();
    assert!(
        found.geo.estimate <= 0.95 && found.arith.estimate <= 0.85,
        "{found:?}"
    );
    assert!(
        found.geo.is_below(1.0) && found.arith.is_below(1.0),
        "{found:?}"
    );
    let floor = part
        .compare(Of::default(), Column::Optimum, PROVED)
        .unwrap();
    assert!(floor.geo.estimate < 1.0 && floor.worst <= 1.0, "{floor:?}");
}
