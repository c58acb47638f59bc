//! Policies: those of the core, which can be interrupted here, and those of a user's own.

mod answer;
mod conformance;
mod own;
mod question;
mod watched;

use rungkeeper_policies::{
    Cheapest, PolicyError, PolicySpec, RankAware, RemovalPolicy, Speculative,
};

pub(crate) use self::answer::Answer;
pub(crate) use self::conformance::check_policy;
pub(crate) use self::own::Own;
pub(crate) use self::question::Question;
use self::watched::Watched;

/// The policy, which gives up where the user interrupts it.
pub(crate) fn build(spec: &PolicySpec) -> Result<Box<dyn RemovalPolicy>, PolicyError> {
    Ok(match *spec {
        PolicySpec::RankAware { promotion_rule } => {
            Box::new(Cheapest(Watched(RankAware::new(promotion_rule))))
        }
        PolicySpec::Speculative(settings) => {
            Box::new(Cheapest(Watched(Speculative::new(settings)?)))
        }
        _ => spec.build()?, // they only sort or draw
    })
}
