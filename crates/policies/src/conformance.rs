//! What every policy must keep: a suite to call for one's own.
//!
//! ```
//! use rungkeeper_policies::{ByLevel, Random, RankAware, Speculative, conformance};
//!
//! conformance::check(&|| Box::new(Speculative::default()));
//! conformance::check(&|| Box::new(RankAware::default()));
//! conformance::check(&|| Box::new(ByLevel));
//! conformance::check(&|| Box::new(Random::new(3)));
//! ```

use rungkeeper_rung_model::{ArrivalData, Candidate, PromotionQuantile};

use crate::{Choice, Need, RemovalPolicy};

/// Makes a policy that has seen nothing; each call must make an equal one.
pub type Make<'f> = &'f dyn Fn() -> Box<dyn RemovalPolicy>;

/// Runs the whole suite.
///
/// - The name is lower case with underscores.
/// - Nothing is chosen when nothing must go; exactly as many as must go otherwise, all if there are
///   not enough, none twice.
/// - Enough bytes are freed, or all that have any.
/// - Bad metrics go before all others.
/// - Losses are one per candidate and never NaN, for time ratios from 0 to 1e6.
/// - What is chosen names its expected cost where the policy estimates costs, and only there.
/// - Equal policies that are shown the same do the same.
/// - A policy that need not see all candidates chooses the same from the worst-ranked of each rung.
///
/// # Panics
///
/// With what is violated, and for which input.
pub fn check(make: Make<'_>) {
    let name = make().name();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    assert!(
        !name.is_empty() && name.chars().all(plain),
        "the name {name:?} is not lower case with underscores"
    );
    for case in cases() {
        let candidates = case.candidates();
        let chosen = choose(make, &case, &candidates);
        check_number(name, &case, &candidates, &chosen);
        check_bytes(name, &case, &candidates, &chosen);
        check_bad_first(name, &case, &candidates, &chosen);
        assert_eq!(
            chosen,
            choose(make, &case, &candidates),
            "{name} chose differently when shown the same: {case:?}"
        );
        check_losses(make, &case, &candidates);
        check_costs(make, &case, &chosen);
        check_few_shown(make, &case);
    }
}

/// One situation a policy is asked in.
#[derive(Clone, Debug)]
struct Case {
    trials: Vec<Trial>,
    need: Need,
    time_ratio: f64,
    data: Vec<ArrivalData>,
    /// So many successive entries of a rung are equals.
    tie: u64,
}

#[derive(Clone, Debug)]
struct Trial {
    id: String,
    level: u64,
    rank: u64,
    rung_len: u64,
    bytes: u64,
    bad_metric: bool,
}

impl Case {
    fn candidates(&self) -> Vec<Candidate<'_>> {
        let all = self.trials.iter();
        all.map(|trial| Candidate {
            trial_id: &trial.id,
            level: trial.level,
            rank: trial.rank,
            num_better: self.num_better(trial.rank),
            rung_len: trial.rung_len,
            promotion_quantile: PromotionQuantile::from_reduction_factor(3).unwrap(),
            bad_metric: trial.bad_metric,
            bytes: trial.bytes,
        })
        .collect()
    }

    fn num_better(&self, rank: u64) -> u64 {
        (rank - 1) / self.tie * self.tie
    }
}

/// 200 situations from a small generator (`SplitMix64` of Steele, Lea and Flood), the same in each run.
fn cases() -> impl Iterator<Item = Case> {
    (0..200u64).map(|number| {
        let mut state = number;
        let mut below = move |bound: u64| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            (z ^ (z >> 31)) % bound
        };
        let trials = (0..below(20)).map(|i| trial(i, &mut below)).collect();
        let need = Need {
            checkpoints: below(8),
            bytes: [0, below(200)][below(2) as usize],
        };
        let data = (0..below(10))
            .map(|_| {
                let num_total = below(30);
                ArrivalData {
                    level: [1, 3, 9][below(3) as usize],
                    num_one: below(num_total + 1),
                    num_total,
                }
            })
            .collect();
        Case {
            trials,
            need,
            time_ratio: [0.0, 1e-6, 0.3, 1.0, 20.0, 1e6][below(6) as usize],
            data,
            tie: [1, 1 + below(12)][below(2) as usize],
        }
    })
}

fn trial(number: u64, below: &mut impl FnMut(u64) -> u64) -> Trial {
    let rung_len = 20 + below(200);
    Trial {
        id: number.to_string(),
        level: [1, 3, 9][below(3) as usize],
        // Distinct ranks, as in one rung.
        rank: number + 1,
        rung_len,
        bytes: below(50),
        bad_metric: below(6) == 0,
    }
}

/// Where [`RemovalPolicy::needs_all`] says no, the worst-ranked of each rung are enough.
fn check_few_shown(make: Make<'_>, case: &Case) {
    if make().needs_all(case.need) {
        return;
    }
    let mut all = case.candidates();
    all.sort_by_key(|c| (std::cmp::Reverse(c.level), c.bad_metric, c.rank));
    let (mut few, mut ranked) = (Vec::new(), Vec::new());
    for rung in all.chunk_by(|one, other| one.level == other.level) {
        let rung: Vec<Candidate<'_>> = (1..)
            .zip(rung)
            .map(|(rank, candidate)| Candidate {
                rank,
                num_better: case.num_better(rank),
                rung_len: 220,
                ..*candidate
            })
            .collect();
        let skip = rung.len().saturating_sub(case.need.checkpoints as usize);
        few.extend_from_slice(&rung[skip..]);
        ranked.extend(rung);
    }
    let ids = |candidates: &[Candidate<'_>]| -> Vec<String> {
        let chosen = choose(make, case, candidates);
        let ids = chosen.iter().map(|c| candidates[c.candidate].trial_id);
        ids.map(ToOwned::to_owned).collect()
    };
    let name = make().name();
    assert_eq!(
        ids(&few),
        ids(&ranked),
        "{name} chose differently when shown only the worst of each rung: {case:?}"
    );
}

fn choose(make: Make<'_>, case: &Case, candidates: &[Candidate<'_>]) -> Vec<Choice> {
    let mut policy = make();
    for data in &case.data {
        if let Err(error) = policy.observe(data) {
            panic!("{} refused {data:?}: {error}", policy.name());
        }
    }
    match policy.choose(candidates, case.need, case.time_ratio) {
        Ok(chosen) => chosen,
        Err(error) => panic!("{} could not choose: {error}: {case:?}", policy.name()),
    }
}

fn check_number(name: &str, case: &Case, candidates: &[Candidate<'_>], chosen: &[Choice]) {
    let mut places: Vec<usize> = chosen.iter().map(|choice| choice.candidate).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(
        places.len(),
        chosen.len(),
        "{name} chose one twice: {case:?}"
    );
    assert!(
        places.iter().all(|&place| place < candidates.len()),
        "{name} chose what it was not shown: {case:?}"
    );
    let least = case.need.checkpoints.min(candidates.len() as u64);
    assert!(
        chosen.len() as u64 >= least,
        "{name} chose {} where {least} must go: {case:?}",
        chosen.len()
    );
    if case.need.bytes == 0 {
        assert_eq!(
            chosen.len() as u64,
            least,
            "{name} chose more than must go: {case:?}"
        );
    }
}

fn check_bytes(name: &str, case: &Case, candidates: &[Candidate<'_>], chosen: &[Choice]) {
    let all: u64 = candidates.iter().map(|candidate| candidate.bytes).sum();
    let freed: u64 = chosen
        .iter()
        .map(|choice| candidates[choice.candidate].bytes)
        .sum();
    assert!(
        freed >= case.need.bytes.min(all),
        "{name} freed {freed} bytes: {case:?}"
    );
}

fn check_bad_first(name: &str, case: &Case, candidates: &[Candidate<'_>], chosen: &[Choice]) {
    if case.need.bytes > 0 {
        return; // a bad metric may free too little to be of use
    }
    let bad = candidates.iter().filter(|candidate| candidate.bad_metric);
    let bad_chosen = chosen
        .iter()
        .filter(|choice| candidates[choice.candidate].bad_metric);
    assert_eq!(
        bad_chosen.count(),
        bad.count().min(chosen.len()),
        "{name} kept a trial that is never promoted: {case:?}"
    );
}

fn check_losses(make: Make<'_>, case: &Case, candidates: &[Candidate<'_>]) {
    let policy = make();
    let losses = policy.ln_losses(candidates, case.time_ratio);
    let losses = losses.unwrap_or_else(|error| panic!("{}: {error}: {case:?}", policy.name()));
    assert_eq!(
        losses.len(),
        candidates.len(),
        "{}: {case:?}",
        policy.name()
    );
    assert!(
        losses.iter().all(|loss| !loss.is_nan()),
        "{} expects to lose NaN: {case:?}",
        policy.name()
    );
}

fn check_costs(make: Make<'_>, case: &Case, chosen: &[Choice]) {
    let policy = make();
    assert!(
        chosen
            .iter()
            .all(|choice| choice.ln_expected_cost.is_some() == policy.estimates_costs()),
        "{} names costs that it does not estimate, or none though it does: {case:?}",
        policy.name()
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicyError;

    /// Chooses always the first: breaks several laws.
    struct AlwaysFirst;

    impl RemovalPolicy for AlwaysFirst {
        fn name(&self) -> &'static str {
            "always_first"
        }

        fn ln_losses(&self, candidates: &[Candidate<'_>], _: f64) -> Result<Vec<f64>, PolicyError> {
            Ok(vec![0.0; candidates.len()])
        }

        fn choose(
            &mut self,
            _: &[Candidate<'_>],
            _: Need,
            _: f64,
        ) -> Result<Vec<Choice>, PolicyError> {
            Ok(vec![Choice {
                candidate: 0,
                ln_expected_cost: None,
                reason: crate::RemovalReason::MaxCheckpoints,
            }])
        }
    }

    #[test]
    #[should_panic(expected = "always_first")]
    fn a_policy_that_breaks_the_laws_is_caught() {
        check(&|| Box::new(AlwaysFirst));
    }

    #[test]
    fn own_policies_pass() {
        check(&|| Box::new(crate::Speculative::default()));
        check(&|| Box::new(crate::RankAware::default()));
        check(&|| Box::new(crate::ByLevel));
        check(&|| Box::new(crate::Random::new(11)));
    }

    #[test]
    fn cases_cover_both_budgets_and_bad_metrics() {
        let all: Vec<Case> = cases().collect();
        assert!(all.iter().any(|case| case.need.bytes > 0));
        assert!(all.iter().any(|case| case.need.checkpoints > 0));
        assert!(all.iter().any(|case| case.trials.is_empty()));
        let bad = |case: &Case| case.trials.iter().any(|trial| trial.bad_metric);
        assert!(all.iter().filter(|case| bad(case)).count() > 50);
    }
}
