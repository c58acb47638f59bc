//! What every policy must keep: a suite to call for your own.
//!
//! ```
//! use rungkeeper_policies::{PolicySpec, conformance};
//!
//! for spec in PolicySpec::all() {
//!     conformance::check(&|| spec.build().expect("the defaults are valid"));
//! }
//! ```

use alloc::{borrow::ToOwned, boxed::Box, string::String, string::ToString, vec::Vec};
use core::fmt;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rungkeeper_rung_model::{ArrivalData, Candidate, PromotionQuantile, RungView};

use crate::{Choice, ExpectedCost, Need, Priced, RemovalPolicy};

/// Makes a policy that has seen nothing; each call must make an equal one.
pub type Make<'f> = &'f dyn Fn() -> Box<dyn RemovalPolicy>;

/// Two costs this close are equal: scores are exact to 1e-12.
const ROUNDING: f64 = 1e-11;

/// Runs the whole suite.
///
/// - The name is lower case with underscores.
/// - Nothing is chosen when nothing must go; exactly as many as must go otherwise, all if there are
///   not enough, none twice.
/// - Enough bytes are freed, or all that have any.
/// - Trials without a finite metric go before all others.
/// - Costs are never NaN, for time ratios from 0 to 1e6; what is chosen names its own, and names none where the policy
///   has no cost.
/// - A cost that says that it falls with the rank does, and bounds from below are below it.
/// - Equal policies that are shown the same do the same.
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
        let (rungs, all) = (case.rungs(), case.candidates());
        let (policy, chosen) = case.choose(make, &rungs);
        check_number(name, &case, &rungs, &all, &chosen);
        check_bytes(name, &case, &all, &chosen);
        check_non_finite_first(name, &case, &all, &chosen);
        check_costs(&case, &rungs, policy.as_ref(), &chosen);
        if let Some(cost) = policy.cost().filter(|cost| cost.falls_with_rank()) {
            check_falls(&case, &rungs, cost);
        }
        let again = case.choose(make, &rungs).1;
        assert!(
            chosen == again,
            "{name} chose differently when shown the same, {} and {}: {case}",
            listed(&chosen),
            listed(&again)
        );
    }
}

/// The trials that were chosen, as a person reads them.
fn listed(chosen: &[Choice<'_>]) -> String {
    let ids: Vec<&str> = chosen.iter().map(|it| it.candidate.trial_id).collect();
    match ids.len() {
        0 => "nothing".to_owned(),
        _ => ids.join(" "),
    }
}

/// One situation a policy is asked in.
#[derive(Clone)]
struct Case {
    number: u64,
    rungs: Vec<CaseRung>,
    need: Need,
    time_ratio: f64,
    data: Vec<ArrivalData>,
}

#[derive(Clone)]
struct CaseRung {
    level: u64,
    len: u64,
    /// Worst first.
    candidates: Vec<Candidate<'static>>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Need { checkpoints, bytes } = self.need;
        let (number, ratio) = (self.number, self.time_ratio);
        write!(
            f,
            "situation {number} of 0 to {}, in which {checkpoints} checkpoints and {bytes} bytes must go at a \
             time ratio of {ratio}",
            CASES - 1
        )?;
        for rung in &self.rungs {
            write!(f, "\n  level {}, worst first:", rung.level)?;
            if rung.candidates.is_empty() {
                write!(f, " nobody")?;
            }
            for candidate in &rung.candidates {
                write!(f, " {}", candidate.trial_id)?;
                if candidate.metric.is_none() {
                    write!(f, " (NaN)")?;
                }
            }
        }
        Ok(())
    }
}

impl Case {
    fn rungs(&self) -> Vec<RungView<'_>> {
        let third = PromotionQuantile::from_reduction_factor(3).expect("a promotion quantile");
        let views = self.rungs.iter().map(|rung| {
            RungView::new(rung.level, rung.len, third, &rung.candidates).expect("worst first")
        });
        views.collect()
    }

    fn candidates(&self) -> Vec<Candidate<'static>> {
        let rungs = self.rungs.iter();
        rungs.flat_map(|rung| rung.candidates.clone()).collect()
    }

    /// What a new policy chooses, and the policy.
    fn choose<'m>(
        &self,
        make: Make<'_>,
        rungs: &[RungView<'m>],
    ) -> (Box<dyn RemovalPolicy>, Vec<Choice<'m>>) {
        let mut policy = make();
        for data in &self.data {
            if let Err(error) = policy.observe(data) {
                panic!(
                    "{} refused to learn from a report: {error}: {self}",
                    policy.name()
                );
            }
        }
        match policy.choose(rungs, self.need, self.time_ratio) {
            Ok(chosen) => (policy, chosen),
            Err(error) => panic!("{} could not choose: {error}: {self}", policy.name()),
        }
    }
}

/// Number of situations.
const CASES: u64 = 200;

/// The situations, the same in each run.
fn cases() -> impl Iterator<Item = Case> {
    (0..CASES).map(|number| {
        let mut random = Pcg64::seed_from_u64(number);
        let mut below = move |bound: u64| random.random_range(0..bound);
        let most = [0, 8][usize::from(below(20) > 0)];
        let tie = [1, 1 + below(12)][below(2) as usize];
        let rungs = IDS.map(|(level, ids)| rung(level, ids, most, tie, &mut below));
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
            number,
            rungs: rungs.into(),
            need,
            time_ratio: [0.0, 1e-6, 0.3, 1.0, 20.0, 1e6][below(6) as usize],
            data,
        }
    })
}

/// The rung levels, with the ids of as many trials as there may be candidates.
const IDS: [(u64, [&str; 8]); 3] = [
    (9, ["a", "b", "c", "d", "e", "f", "g", "h"]),
    (3, ["i", "j", "k", "l", "m", "n", "o", "p"]),
    (1, ["q", "r", "s", "t", "u", "v", "w", "x"]),
];

/// A rung in which entries that follow each other are equals, `tie` at a time, with at most `most` candidates.
fn rung(
    level: u64,
    ids: [&'static str; 8],
    most: u64,
    tie: u64,
    below: &mut impl FnMut(u64) -> u64,
) -> CaseRung {
    let len = 20 + below(200);
    let (mut rank, non_finite, number) = (len + 1, below(3), below(most + 1));
    let candidate = |(place, trial_id)| {
        rank -= 1 + below(2);
        let num_better = (rank - 1) / tie * tie;
        Candidate {
            trial_id,
            rank,
            num_better,
            bytes: below(50),
            metric: (place >= non_finite).then(|| num_better as f64 / len as f64),
        }
    };
    let trials = (0..number).zip(ids);
    CaseRung {
        level,
        len,
        candidates: trials.map(candidate).collect(),
    }
}

fn check_number(
    name: &str,
    case: &Case,
    rungs: &[RungView<'_>],
    all: &[Candidate<'_>],
    chosen: &[Choice<'_>],
) {
    let mut ids: Vec<&str> = chosen.iter().map(|it| it.candidate.trial_id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert!(
        ids.len() == chosen.len(),
        "{name} chose one twice, {}: {case}",
        listed(chosen)
    );
    let shown = |choice: &Choice<'_>| {
        let rung = rungs.get(choice.rung);
        rung.is_some_and(|rung| rung.worst_first().any(|it| it == choice.candidate))
    };
    assert!(
        chosen.iter().all(shown),
        "{name} chose what it was not shown: {case}"
    );
    let least = case.need.checkpoints.min(all.len() as u64);
    assert!(
        chosen.len() as u64 >= least,
        "{name} chose {} where {least} must go: {case}",
        chosen.len()
    );
    if case.need.bytes == 0 {
        assert!(
            chosen.len() as u64 == least,
            "{name} chose more than must go, {}: {case}",
            listed(chosen)
        );
    }
}

fn check_bytes(name: &str, case: &Case, all: &[Candidate<'_>], chosen: &[Choice<'_>]) {
    let all: u64 = all.iter().map(|candidate| candidate.bytes).sum();
    let freed: u64 = chosen.iter().map(|choice| choice.candidate.bytes).sum();
    assert!(
        freed >= case.need.bytes.min(all),
        "{name} freed {freed} bytes: {case}"
    );
}

fn check_non_finite_first(name: &str, case: &Case, all: &[Candidate<'_>], chosen: &[Choice<'_>]) {
    if case.need.bytes > 0 {
        return; // such a trial may free too little to be of use
    }
    let there = all
        .iter()
        .filter(|candidate| candidate.metric.is_none())
        .count();
    let gone = chosen
        .iter()
        .filter(|it| it.candidate.metric.is_none())
        .count();
    assert!(
        gone == there.min(chosen.len()),
        "{name} kept a trial that is never promoted, and chose {}: {case}",
        listed(chosen)
    );
}

fn check_costs(
    case: &Case,
    rungs: &[RungView<'_>],
    policy: &dyn RemovalPolicy,
    chosen: &[Choice<'_>],
) {
    let name = policy.name();
    let Some(cost) = policy.cost() else {
        let names_none = chosen.iter().all(|it| it.ln_expected_cost.is_none());
        assert!(
            names_none,
            "{name} names costs that it does not estimate: {case}"
        );
        return;
    };
    let all = Priced::all(cost, rungs, case.time_ratio);
    let all = all.unwrap_or_else(|error| panic!("{name}: {error}: {case}"));
    assert!(
        all.iter().all(|priced| !priced.ln_cost.is_nan()),
        "{name} expects a cost that is NaN: {case}"
    );
    for choice in chosen {
        let is_it = |priced: &&Priced<'_>| priced.candidate == choice.candidate;
        let own = all.iter().find(is_it).map(|priced| priced.ln_cost);
        let text = |ln: Option<f64>| ln.map_or("none".to_owned(), |ln| ln.to_string());
        assert!(
            matches!((choice.ln_expected_cost, own), (Some(told), Some(own)) if same(told, own)),
            "{name} names {} as the logarithm of the cost of {}, but estimates {}: {case}",
            text(choice.ln_expected_cost),
            choice.candidate.trial_id,
            text(own)
        );
    }
}

fn check_falls(case: &Case, rungs: &[RungView<'_>], cost: &dyn ExpectedCost) {
    for rung in rungs {
        let mut of_rung = cost.of_rung(*rung, case.time_ratio).expect("it was priced");
        let mut least = f64::NEG_INFINITY;
        for candidate in rung.worst_first().filter(|it| it.metric.is_some()) {
            let mut up_to = |enough| of_rung.ln_cost(&candidate, enough).expect("it was priced");
            let ln_cost = up_to(f64::INFINITY);
            assert!(
                least <= ln_cost || same(least, ln_cost),
                "{} does not fall with the rank: {case}",
                cost.name()
            );
            for enough in [f64::NEG_INFINITY, ln_cost - 1.0, ln_cost, ln_cost + 1.0] {
                let told = up_to(enough);
                assert!(
                    same(told, ln_cost) || (told > enough && told <= ln_cost),
                    "{} is told to stop at {enough} and says {told} of {ln_cost}: {case}",
                    cost.name()
                );
            }
            least = ln_cost;
        }
    }
}

fn same(one: f64, other: f64) -> bool {
    one == other || (one - other).abs() <= ROUNDING * one.abs().max(1.0)
}
