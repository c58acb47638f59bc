//! Comparing a recorded loop end with the callback's own.

use std::collections::{HashMap, HashSet};

use rungkeeper_tuner_hooks::log::{EndOfRun, LoopEnd, RemovedAtLoopEnd};
use rungkeeper_tuner_hooks::{Candidate, HookError, Priced, RemovalCallback, RungView};

/// Two expected costs this close, relatively, are the same: the scores are exact to 1e-12.
const SAME_COST: f64 = 1e-11;

/// Recorded p and time ratios this close, relatively, are the same: they were printed and read.
const SAME_INPUT: f64 = 1e-9;

/// How a recorded removal compares with the one that would have been made from the same state.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// The same trials.
    Agree,
    /// Other trials, at a lower expected cost.
    Better,
    /// Other trials, at the same expected cost, or by a policy that estimates none.
    Tied,
    /// Other trials at a higher expected cost, or the state itself differs from the recorded one.
    Worse,
}

/// A loop end, compared.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CheckedLoopEnd {
    /// Seconds of the run.
    pub elapsed: f64,
    /// How the removals compare.
    pub verdict: Verdict,
    /// What the log removed.
    pub recorded: Vec<Checked>,
    /// What would have been removed.
    pub own: Vec<Checked>,
    /// Where the recorded state (numbers, ranks, p, time ratio) differs from this one.
    pub differences: Vec<String>,
}

/// A trial that was or would have been removed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Checked {
    /// The trial.
    pub trial: String,
    /// The rung level it waits at.
    pub level: u64,
    /// Its rank there.
    pub rank: u64,
    /// Number of entries of the rung.
    pub rung_len: u64,
    /// Logarithm of what losing it costs in expectation, where the policy estimates it.
    pub ln_cost: Option<f64>,
    /// The score the log gave it, where it says.
    pub recorded_score: Option<f64>,
}

/// Counts over a whole log.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// Loop ends compared.
    pub loop_ends: u64,
    /// Those with the verdict [`Verdict::Agree`].
    pub agree: u64,
    /// Those with the verdict [`Verdict::Better`].
    pub better: u64,
    /// Those with the verdict [`Verdict::Tied`].
    pub tied: u64,
    /// Those with the verdict [`Verdict::Worse`].
    pub worse: u64,
    /// Whether the extra results are the recorded ones; `None` if the log does not tell.
    pub extra_results_match: Option<bool>,
    /// Whether the same trials were resumed without checkpoint, in the same order.
    pub resumed_match: Option<bool>,
    /// Whether the counts of the estimators are the recorded ones.
    pub estimators_match: Option<bool>,
}

impl Comparison {
    /// Whether nothing is worse and nothing differs.
    #[must_use]
    pub fn passes(&self) -> bool {
        let differs = Some(false);
        self.worse == 0
            && self.extra_results_match != differs
            && self.resumed_match != differs
            && self.estimators_match != differs
    }

    pub(super) fn count(&mut self, verdict: Verdict) {
        self.loop_ends += 1;
        *match verdict {
            Verdict::Agree => &mut self.agree,
            Verdict::Better => &mut self.better,
            Verdict::Tied => &mut self.tied,
            Verdict::Worse => &mut self.worse,
        } += 1;
    }

    /// Compares an end. A run that went on behind its end has several: all of them must match.
    pub(super) fn end(&mut self, callback: &RemovalCallback, end: &EndOfRun) {
        let and = |before: &mut Option<bool>, now| *before = Some(before.unwrap_or(true) && now);
        and(
            &mut self.extra_results_match,
            callback.extra_results() == end.extra_results,
        );
        let resumed = callback.trials_resumed_without_checkpoint();
        and(
            &mut self.resumed_match,
            resumed == end.trials_resumed_without_checkpoint,
        );
        let estimators = match &end.estimators {
            None => callback.policy().estimators().is_none(),
            Some(recorded) => recorded.iter().all(|counts| {
                callback
                    .estimator_for_rung(counts.level)
                    .is_some_and(|own| {
                        (own.num_one(), own.num_total()) == (counts.num_one, counts.num_total)
                    })
            }),
        };
        and(&mut self.estimators_match, estimators);
    }
}

/// Compares a recorded loop end, then applies what it removed.
pub(super) fn loop_end(
    callback: &mut RemovalCallback,
    end: &LoopEnd,
) -> Result<CheckedLoopEnd, HookError> {
    let plan = callback.plan(end.elapsed)?;
    let time_ratio = callback.time_ratio();
    let own = plan.removals.iter().map(|removal| removal.trial.as_str());
    let removed = end.removed.iter().map(|removed| removed.trial.as_str());
    let compared: HashSet<&str> = own.chain(removed).collect();
    let candidates = candidates(callback, time_ratio, &compared)?;
    let of = |trial: &str| candidates.get(trial).cloned();
    let own: Vec<Checked> = plan.removals.iter().filter_map(|r| of(&r.trial)).collect();
    let with_score = |removed: &RemovedAtLoopEnd| {
        let recorded_score = removed.score;
        of(&removed.trial).map(|checked| Checked {
            recorded_score,
            ..checked
        })
    };
    let recorded: Vec<Checked> = end.removed.iter().filter_map(with_score).collect();
    let number = callback.model().num_candidates();
    let mut differences = state_differences(callback, end, number);
    differences.extend(removal_differences(end, &recorded));
    let must_go = plan.need.checkpoints.min(number as u64);
    if must_go != end.num_to_remove {
        let recorded = end.num_to_remove;
        differences.push(format!(
            "{must_go} checkpoints must go, {recorded} recorded"
        ));
    }
    let verdict = if differences.is_empty() {
        compare(&own, &recorded)
    } else {
        Verdict::Worse
    };
    for removed in &end.removed {
        callback.give_up(&removed.trial)?;
    }
    Ok(CheckedLoopEnd {
        elapsed: end.elapsed,
        verdict,
        recorded,
        own,
        differences,
    })
}

/// Those of the candidates that are `compared`, by their trials, with their costs.
fn candidates(
    callback: &RemovalCallback,
    time_ratio: f64,
    compared: &HashSet<&str>,
) -> Result<HashMap<String, Checked>, HookError> {
    let rungs: Vec<RungView<'_>> = callback.model().rung_views().collect();
    let is_compared = |candidate: &Candidate<'_>| compared.contains(candidate.trial_id);
    let checked = |rung: RungView<'_>, candidate: &Candidate<'_>, ln_cost| {
        let checked = Checked {
            trial: candidate.trial_id.to_owned(),
            level: rung.level(),
            rank: candidate.rank,
            rung_len: rung.len(),
            ln_cost,
            recorded_score: None,
        };
        (checked.trial.clone(), checked)
    };
    Ok(match callback.policy().cost() {
        Some(cost) => Priced::only(cost, &rungs, time_ratio, is_compared)?
            .iter()
            .map(|it| checked(rungs[it.rung], &it.candidate, Some(it.ln_cost)))
            .collect(),
        None => rungs
            .iter()
            .flat_map(|rung| {
                let found = rung.worst_first().filter(is_compared);
                found.map(|it| checked(*rung, &it, None))
            })
            .collect(),
    })
}

fn compare(own: &[Checked], recorded: &[Checked]) -> Verdict {
    let ids = |list: &[Checked]| {
        let mut ids: Vec<String> = list.iter().map(|checked| checked.trial.clone()).collect();
        ids.sort_unstable();
        ids
    };
    if ids(own) == ids(recorded) {
        return Verdict::Agree;
    }
    let (Some(own), Some(recorded)) = (ln_sum(own), ln_sum(recorded)) else {
        return Verdict::Tied; // the policy prefers none
    };
    let difference = recorded - own; // relative, as these are logarithms
    if own == recorded || difference.abs() <= SAME_COST {
        Verdict::Tied
    } else if difference > 0.0 {
        Verdict::Better
    } else {
        Verdict::Worse
    }
}

/// Logarithm of the sum of the costs, without underflow.
fn ln_sum(list: &[Checked]) -> Option<f64> {
    let costs: Vec<f64> = list.iter().map(|it| it.ln_cost).collect::<Option<_>>()?;
    let largest = costs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return Some(largest);
    }
    let scaled = costs.iter().map(|ln_cost| libm::exp(ln_cost - largest));
    Some(largest + libm::log(scaled.sum()))
}

fn state_differences(callback: &RemovalCallback, end: &LoopEnd, candidates: usize) -> Vec<String> {
    let mut differences = Vec::new();
    if candidates != end.candidates {
        let recorded = end.candidates;
        differences.push(format!("{candidates} candidates, {recorded} recorded"));
    }
    let time_ratio = callback.time_ratio();
    if let Some(recorded) = end.time_ratio
        && !same(recorded, time_ratio)
    {
        differences.push(format!("time ratio {time_ratio}, {recorded} recorded"));
    }
    let levels = end.p.iter().flatten();
    if let Some(estimators) = callback.policy().estimators() {
        differences.extend(levels.filter_map(|&(level, recorded)| {
            let p = estimators.probability(level);
            (!same(p, recorded)).then(|| format!("p of level {level} {p}, {recorded} recorded"))
        }));
    }
    differences
}

fn removal_differences(end: &LoopEnd, found: &[Checked]) -> Vec<String> {
    let differs = |removed: &RemovedAtLoopEnd| {
        let trial = &removed.trial;
        let Some(found) = found.iter().find(|checked| checked.trial == *trial) else {
            return Some(format!("trial \"{trial}\" is no candidate"));
        };
        let here = (found.level, found.rank, found.rung_len);
        let recorded = (removed.level, removed.rank, removed.rung_len);
        (here != recorded).then(|| {
            format!(
                "trial \"{trial}\" is at level, rank, rung length {here:?}, {recorded:?} recorded"
            )
        })
    };
    end.removed.iter().filter_map(differs).collect()
}

fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= SAME_INPUT * one.abs().max(other.abs())
}
