//! A replay loses what the simulation loses, and nothing beats the optimum.

use rungkeeper_tests::quality::{Family, Frozen, POLICIES, Setting, cell, conditions, families};
use rungkeeper_tuner::simulation::{Cell, Retraining, simulate};

/// Costs of the replay and of the simulation, for each policy.
fn costs(family: &Family, setting: Setting, seed: u64, budget: u64) -> (Vec<u64>, Vec<u64>, u64) {
    let frozen = Frozen::record(family, setting, seed).unwrap();
    let curves = family.curves(setting.eta, seed).unwrap();
    let (mut replayed, mut simulated) = (Vec::new(), Vec::new());
    for name in POLICIES {
        let cell = Cell {
            policy: name.parse().unwrap(),
            ..cell(family, setting, seed, budget)
        };
        let conditions = conditions(family, setting, Retraining::Frozen);
        let simulation = simulate(&curves, &conditions, &cell).unwrap();
        simulated.push(simulation.result.cost_resources);
        replayed.push(frozen.replay(name, budget, frozen.limits()).unwrap());
    }
    (replayed, simulated, frozen.optimum(budget).unwrap())
}

#[test]
fn a_replay_loses_what_the_simulation_loses_and_no_less_than_the_optimum() {
    let mut lost = 0;
    for (family, kind) in families().iter().enumerate() {
        for (eta, workers, brackets, spare) in [(2, 4, 1, 4), (4, 8, 1, 8), (3, 4, 3, 16)] {
            let setting = Setting {
                family,
                eta,
                workers,
                brackets,
            };
            let (replayed, simulated, optimum) = costs(kind, setting, 1, workers + spare);
            let name = kind.name;
            assert_eq!(replayed, simulated, "{name}, {setting:?}, {spare}");
            assert!(replayed.iter().all(|&cost| optimum <= cost), "{name}");
            lost += replayed.iter().sum::<u64>();
        }
    }
    assert!(lost > 0, "nothing was ever lost");
}

#[test]
fn room_for_all_loses_nothing_and_room_for_none_all() {
    let family = &families()[0];
    let setting = Setting {
        family: 0,
        eta: 3,
        workers: 4,
        brackets: 1,
    };
    let frozen = Frozen::record(family, setting, 0).unwrap();
    let cost = |budget| frozen.replay("by_level", budget, frozen.limits()).unwrap();
    assert_eq!(cost(10_000), 0);
    // Except for trials that are resumed in the turn in which they were paused.
    assert!(0 < cost(4) && cost(4) <= frozen.resumed_levels);
    assert_eq!(cost(4), frozen.optimum(4).unwrap());
}
