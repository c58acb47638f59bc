//! Who takes part: the project's policies, and attempts at better ones.

use rungkeeper_rung_model::ModelSpec;
use rungkeeper_tuner_hooks::log::Header;

use crate::attempt::{Attempt, Policy};
use crate::attempts::{Composed, Known, Rates, Worth};
use crate::study::Contender;

/// Names of the policies, the reference first and then the one that is to be proved.
pub const POLICIES: [&str; 4] = ["speculative", "rank_aware", "by_level", "random"];

/// The policies with their defaults, as event logs name them.
#[must_use]
pub fn policies() -> Vec<Contender> {
    fn of<const PLACE: usize>(seed: u64) -> Box<dyn Attempt> {
        let spec = ModelSpec::geometric(1, 2, 4).expect("levels that rise");
        let header = Header {
            policy: POLICIES[PLACE].to_owned(),
            policy_seed: seed,
            ..Header::new("quality", &spec, 4)
        };
        let spec = header.policy_spec().expect("a known policy");
        Box::new(Policy(spec.build().expect("valid settings")))
    }
    let contender = |place: usize, make, about| Contender {
        name: POLICIES[place],
        about,
        make,
    };
    vec![
        contender(
            0,
            of::<0>,
            "level times chance of resumption, p learned per rung",
        ),
        contender(
            1,
            of::<1>,
            "level times chance of resumption, p from the rank",
        ),
        contender(2, of::<2>, "lowest level first, then worst rank"),
        contender(3, of::<3>, "any, all equally likely"),
    ]
}

/// Attempts at a better score: the rank-aware one with other arguments, or put to another use.
#[must_use]
pub fn attempts() -> Vec<Contender> {
    macro_rules! attempt {
        ($name:literal, $about:literal, $($field:ident: $value:expr),+) => {
            Contender {
                name: $name,
                about: $about,
                make: |_| Box::new(Composed { $($field: $value,)+ ..Composed::default() }),
            }
        };
    }
    vec![
        attempt!("running", "trials on their way from the rung below count as arrived, as better ones \
            if they were better than the trial there", known: Known::Running),
        attempt!("running ahead", "running trials whose metric is better already count as better \
            arrivals", known: Known::RunningAhead),
        attempt!("backlog", "trials that wait for a worker to be promoted from the rung below count as \
            arrived", known: Known::Backlog),
        attempt!("recent rate", "arrivals at the rate of the last quarter of the run so far",
            rates: Rates::Recent),
        attempt!("rate since first", "arrivals at the rate since the rung's first one",
            rates: Rates::SinceFirst),
        attempt!("rate from below", "arrivals are those on their way, and alpha times those of the \
            rung below", rates: Rates::FromBelow),
        attempt!("ranks alone", "arrivals among the equals of a trial count as better, as all do before \
            its rank: the score as it was before", ranks_alone: true),
        attempt!("occupancy", "the score over the expected time for which the slot is held",
            worth: Worth::PerSlot),
        attempt!("best rate", "the largest such rate of any time after which the slot is freed",
            worth: Worth::Index),
        attempt!("from below, occupancy", "both", rates: Rates::FromBelow, worth: Worth::PerSlot),
        attempt!("since first, occupancy", "both", rates: Rates::SinceFirst, worth: Worth::PerSlot),
    ]
}
