//! Choosing among candidates whose costs are all known.

use alloc::vec::Vec;
use core::cmp::Ordering;

use rungkeeper_rung_model::{Candidate, RungView};

use crate::choice::tie;
use crate::{Choice, ExpectedCost, Need, PolicyError, RemovalReason};

/// A candidate with its cost.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Priced<'m> {
    /// Place of its rung in the list that was shown.
    pub rung: usize,
    /// The candidate.
    pub candidate: Candidate<'m>,
    /// Natural logarithm of what losing its checkpoint costs, in resource units; minus infinity for trials without a finite
    /// metric.
    pub ln_cost: f64,
    pub(crate) level: u64,
}

impl<'m> Priced<'m> {
    /// The costs of all candidates, rung by rung, worst first.
    ///
    /// # Errors
    ///
    /// As [`ExpectedCost::of_rung`].
    pub fn all(
        cost: &dyn ExpectedCost,
        rungs: &[RungView<'m>],
        time_ratio: f64,
    ) -> Result<Vec<Self>, PolicyError> {
        Self::only(cost, rungs, time_ratio, |_| true)
    }

    /// As [`Priced::all`], only for the candidates that are asked for: a cost takes longer than anything else here.
    ///
    /// # Errors
    ///
    /// As [`ExpectedCost::of_rung`].
    pub fn only(
        cost: &dyn ExpectedCost,
        rungs: &[RungView<'m>],
        time_ratio: f64,
        is_asked_for: impl Fn(&Candidate<'m>) -> bool,
    ) -> Result<Vec<Self>, PolicyError> {
        let mut all = Vec::new();
        for (place, rung) in rungs.iter().enumerate() {
            let mut worst_first = rung.worst_first().filter(&is_asked_for).peekable();
            if worst_first.peek().is_none() {
                continue;
            }
            let mut cost = cost.of_rung(*rung, time_ratio)?;
            for candidate in worst_first {
                let ln_cost = if candidate.metric.is_none() {
                    f64::NEG_INFINITY
                } else {
                    cost.ln_cost(&candidate, f64::INFINITY)?
                };
                all.push(Self {
                    rung: place,
                    candidate,
                    ln_cost,
                    level: rung.level(),
                });
            }
        }
        Ok(all)
    }

    /// Who of two goes first by a cost.
    pub(crate) fn compare(&self, other: &Self, ln_cost: impl Fn(&Self) -> f64) -> Ordering {
        let (one, two) = (&self.candidate, &other.candidate);
        (two.metric.is_none().cmp(&one.metric.is_none()))
            .then_with(|| ln_cost(self).total_cmp(&ln_cost(other)))
            .then_with(|| tie(self.level, one).cmp(&tie(other.level, two)))
    }

    fn ln_cost_per_byte(&self) -> f64 {
        self.ln_cost - libm::log(self.candidate.bytes as f64)
    }

    pub(crate) fn choice(&self, reason: RemovalReason) -> Choice<'m> {
        Choice {
            rung: self.rung,
            candidate: self.candidate,
            ln_expected_cost: Some(self.ln_cost),
            reason,
        }
    }
}

/// Chooses the candidates whose loss costs least, as [`Cheapest`](crate::Cheapest) tells.
pub(crate) fn choose_cheapest(mut all: Vec<Priced<'_>>, need: Need) -> Vec<Choice<'_>> {
    sort(&mut all, Priced::ln_cost_per_byte);
    let taken = take_bytes(&mut all, need.bytes);
    let kept = spare_unneeded(taken, need.bytes, &mut all);
    let for_bytes = kept.iter().map(|it| it.choice(RemovalReason::MaxBytes));
    let mut chosen: Vec<_> = for_bytes.collect();
    let more = need.checkpoints.saturating_sub(chosen.len() as u64);
    sort(&mut all, |it| it.ln_cost);
    let rest = all.iter().take(usize::try_from(more).unwrap_or(usize::MAX));
    chosen.extend(rest.map(|it| it.choice(RemovalReason::MaxCheckpoints)));
    chosen
}

/// Sorts by who goes first by a cost.
fn sort<'m>(list: &mut [Priced<'m>], ln_cost: impl Fn(&Priced<'m>) -> f64) {
    list.sort_unstable_by(|one, other| one.compare(other, &ln_cost));
}

/// Takes the first out of the list that free enough; candidates without bytes free nothing and stay.
fn take_bytes<'m>(list: &mut Vec<Priced<'m>>, need: u64) -> Vec<Priced<'m>> {
    let (mut freed, mut taken) = (0u64, Vec::new());
    list.retain(|it| {
        let goes = freed < need && it.candidate.bytes > 0;
        if goes {
            freed = freed.saturating_add(it.candidate.bytes);
            taken.push(*it);
        }
        !goes
    });
    taken
}

/// Of what was taken, gives back what is not needed to free enough, most expensive first. Trials without a finite metric go in
/// any case.
fn spare_unneeded<'m>(
    taken: Vec<Priced<'m>>,
    need: u64,
    back: &mut Vec<Priced<'m>>,
) -> Vec<Priced<'m>> {
    let bytes = |it: &Priced<'_>| u128::from(it.candidate.bytes);
    let mut unneeded = taken.iter().map(bytes).sum::<u128>();
    unneeded = unneeded.saturating_sub(u128::from(need));
    let mut dearest_first = taken.clone();
    sort(&mut dearest_first, |it| it.ln_cost);
    let mut spared = Vec::new();
    for it in dearest_first.iter().rev() {
        if it.candidate.metric.is_some() && bytes(it) <= unneeded {
            unneeded -= bytes(it);
            spared.push((it.rung, it.candidate.rank));
            back.push(*it);
        }
    }
    let is_spared = |it: &Priced<'_>| spared.contains(&(it.rung, it.candidate.rank));
    taken.into_iter().filter(|it| !is_spared(it)).collect()
}
