//! The policy of a cost: what costs least goes first.

use alloc::{boxed::Box, vec::Vec};

use rungkeeper_estimators::LevelEstimators;
use rungkeeper_rung_model::{ArrivalData, Candidate, RungView};

use crate::priced::{Priced, choose_cheapest};
use crate::{Choice, ExpectedCost, Need, PolicyError, RemovalPolicy, RemovalReason, RungCost};

/// Removes the checkpoints whose loss costs least.
///
/// Under a byte budget the lowest cost per byte goes first, until enough bytes are freed; then, most expensive first, what
/// turned out not to be needed is kept after all. If more checkpoints must go, those of lowest cost follow. Trials without a
/// finite metric go before all others: they are never promoted. Equal costs go by lower level, then worse rank, then id.
///
/// ```
/// use rungkeeper_policies::{Candidate, Cheapest, Need, PromotionQuantile, RankAware, RemovalPolicy, RungView};
///
/// let waits = |trial_id, rank| {
///     Candidate { trial_id, rank, num_better: rank - 1, bytes: 0, metric: Some(0.5) }
/// };
/// let third = PromotionQuantile::from_reduction_factor(3)?;
/// let (high, low) = ([waits("a", 12), waits("b", 6)], [waits("c", 40)]);
/// let rungs = [RungView::new(9, 12, third, &high)?, RungView::new(1, 90, third, &low)?];
/// let need = Need { checkpoints: 1, bytes: 0 };
/// let chosen = Cheapest(RankAware::default()).choose(&rungs, need, 1.0)?;
/// assert_eq!(chosen[0].candidate.trial_id, "a"); // last of its rung
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Cheapest<C>(pub C);

impl<C: ExpectedCost> RemovalPolicy for Cheapest<C> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn observe(&mut self, data: &ArrivalData) -> Result<(), PolicyError> {
        self.0.observe(data)
    }

    fn choose<'m>(
        &mut self,
        rungs: &[RungView<'m>],
        need: Need,
        time_ratio: f64,
    ) -> Result<Vec<Choice<'m>>, PolicyError> {
        if need.is_none() {
            Ok(Vec::new())
        } else if need.bytes == 0 && self.0.falls_with_rank() {
            worst_of_rungs(&self.0, rungs, need.checkpoints, time_ratio)
        } else {
            let all = Priced::all(&self.0, rungs, time_ratio)?;
            Ok(choose_cheapest(all, need))
        }
    }

    fn cost(&self) -> Option<&dyn ExpectedCost> {
        Some(&self.0)
    }

    fn estimators(&self) -> Option<&LevelEstimators> {
        self.0.estimators()
    }
}

/// The cheapest of all, where of a rung the worst is the cheapest: only that one is priced until it is chosen, and only as
/// far as it takes to see that another one costs less.
fn worst_of_rungs<'m>(
    cost: &dyn ExpectedCost,
    rungs: &[RungView<'m>],
    checkpoints: u64,
    time_ratio: f64,
) -> Result<Vec<Choice<'m>>, PolicyError> {
    let mut heads = Vec::with_capacity(rungs.len());
    for (place, rung) in rungs.iter().enumerate() {
        let mut rest = rung.worst_first();
        if let Some(candidate) = rest.next() {
            let worst = Priced {
                rung: place,
                candidate,
                ln_cost: f64::NEG_INFINITY,
                level: rung.level(),
            };
            let cost = cost.of_rung(*rung, time_ratio)?;
            heads.push(Head::new(worst, rest, cost));
        }
    }
    // Beside the least of them, a small part of the others' work is enough.
    let mut least = f64::INFINITY;
    let by_guess = |one: &&mut Head<'m, '_, _>, other: &&mut Head<'m, '_, _>| {
        one.guess.total_cmp(&other.guess)
    };
    if let Some(head) = heads.iter_mut().min_by(by_guess) {
        least = head.price(least)?;
    }
    for head in &mut heads {
        least = head.price(least)?;
    }
    let mut chosen = Vec::new();
    while (chosen.len() as u64) < checkpoints {
        let exact = heads.iter().filter(|head| head.is_exact);
        let least = exact
            .map(|head| head.worst.ln_cost)
            .fold(f64::INFINITY, f64::min);
        let first = |one: &&mut Head<'m, '_, _>, other: &&mut Head<'m, '_, _>| {
            one.worst.compare(&other.worst, |it| it.ln_cost)
        };
        let Some(head) = heads.iter_mut().min_by(first) else {
            break;
        };
        if head.is_exact {
            chosen.push(head.worst.choice(RemovalReason::MaxCheckpoints));
            if !head.step() {
                let done = head.worst.rung;
                heads.retain(|head| head.worst.rung != done);
            }
        } else {
            head.price(least)?;
        }
    }
    Ok(chosen)
}

/// The worst candidate of a rung that was not chosen yet, and those behind it.
struct Head<'m, 'c, I> {
    /// With its cost, or a bound from below.
    worst: Priced<'m>,
    rest: I,
    cost: Box<dyn RungCost + 'c>,
    guess: f64,
    is_exact: bool,
}

impl<'m, 'c, I: Iterator<Item = Candidate<'m>>> Head<'m, 'c, I> {
    fn new(worst: Priced<'m>, rest: I, cost: Box<dyn RungCost + 'c>) -> Self {
        Self {
            is_exact: worst.candidate.metric.is_none(),
            guess: cost.guess(&worst.candidate),
            worst,
            rest,
            cost,
        }
    }

    /// Looks at its cost, but no further than it takes to see that it is above the least one that is known. Returns the least.
    fn price(&mut self, least: f64) -> Result<f64, PolicyError> {
        if !self.is_exact {
            let ln_cost = self.cost.ln_cost(&self.worst.candidate, least)?;
            self.worst.ln_cost = ln_cost;
            self.is_exact = ln_cost <= least;
        }
        Ok(least.min(self.worst.ln_cost))
    }

    /// Goes on to the next candidate, if there is one. It costs no less than the one before, which stays as the bound.
    fn step(&mut self) -> bool {
        let Some(candidate) = self.rest.next() else {
            return false;
        };
        self.is_exact = candidate.metric.is_none();
        self.worst.candidate = candidate;
        true
    }
}
