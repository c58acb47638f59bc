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
        Box::new(Policy(header.build_policy().expect("a known policy")))
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
    vec![]
}
