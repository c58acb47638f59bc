//! The conformance suite: what passes it, and what does not.

use rungkeeper_policies::conformance::check;
use rungkeeper_policies::{
    Candidate, Cheapest, Choice, ExpectedCost, Need, PolicyError, PolicySpec, RemovalPolicy,
    RemovalReason, RungCost, RungView,
};

/// Chooses always the first: breaks several laws.
struct AlwaysFirst;

impl RemovalPolicy for AlwaysFirst {
    fn name(&self) -> &'static str {
        "always_first"
    }

    fn choose<'m>(
        &mut self,
        rungs: &[RungView<'m>],
        _: Need,
        _: f64,
    ) -> Result<Vec<Choice<'m>>, PolicyError> {
        let first = rungs.iter().flat_map(|rung| rung.worst_first()).next();
        let choice = |candidate| Choice {
            rung: 0,
            candidate,
            ln_expected_cost: None,
            reason: RemovalReason::MaxCheckpoints,
        };
        Ok(first.into_iter().map(choice).collect())
    }
}

/// The better the rank, the cheaper, though it says otherwise.
struct Rises;

impl ExpectedCost for Rises {
    fn name(&self) -> &'static str {
        "rises"
    }

    fn of_rung(&self, _: RungView<'_>, _: f64) -> Result<Box<dyn RungCost + '_>, PolicyError> {
        Ok(Box::new(|it: &Candidate<'_>| Ok(it.rank as f64)))
    }

    fn falls_with_rank(&self) -> bool {
        true
    }
}

#[test]
#[should_panic(expected = "always_first")]
fn a_policy_that_breaks_the_laws_is_caught() {
    check(&|| Box::new(AlwaysFirst));
}

#[test]
#[should_panic(expected = "rises")]
fn a_cost_that_rises_with_the_rank_is_caught() {
    check(&|| Box::new(Cheapest(Rises)));
}

#[test]
fn own_policies_pass() {
    for spec in PolicySpec::all() {
        check(&|| spec.build().unwrap());
    }
}
