//! Rungs made by hand.

use rungkeeper_policies::{
    Candidate, Choice, ExpectedCost, Need, PolicyError, PromotionQuantile, RemovalPolicy, RungCost,
    RungView,
};

/// A rung with alpha = 1/3 whose candidates are told by id, rank, number of better ones, bytes, and whether their metric is
/// no finite number.
#[derive(Clone, Debug)]
pub(crate) struct Rung {
    pub(crate) level: u64,
    pub(crate) len: u64,
    /// Worst first.
    pub(crate) trials: Vec<(String, u64, u64, u64, bool)>,
}

/// Shows the rungs.
pub(crate) fn shown<T>(rungs: &[Rung], show: impl FnOnce(&[RungView<'_>]) -> T) -> T {
    let third = PromotionQuantile::from_reduction_factor(3).unwrap();
    let lists: Vec<Vec<Candidate<'_>>> = rungs
        .iter()
        .map(|rung| {
            let trials = rung.trials.iter();
            trials
                .map(
                    |&(ref trial_id, rank, num_better, bytes, non_finite)| Candidate {
                        trial_id,
                        rank,
                        num_better,
                        bytes,
                        metric: (!non_finite).then_some(0.5),
                    },
                )
                .collect()
        })
        .collect();
    let views: Vec<_> = rungs
        .iter()
        .zip(&lists)
        .map(|(rung, list)| RungView::new(rung.level, rung.len, third, list).unwrap())
        .collect();
    show(&views)
}

/// Ids of what is chosen, first to go first, with what else is told of each.
pub(crate) fn chosen<T>(
    policy: &mut dyn RemovalPolicy,
    rungs: &[Rung],
    need: Need,
    time_ratio: f64,
    tell: impl Fn(&Choice<'_>) -> T,
) -> Vec<T> {
    shown(rungs, |views| {
        let chosen = policy.choose(views, need, time_ratio).unwrap();
        chosen.iter().map(tell).collect()
    })
}

/// Ids of what is chosen, first to go first.
pub(crate) fn ids(
    policy: &mut dyn RemovalPolicy,
    rungs: &[Rung],
    need: Need,
    time_ratio: f64,
) -> Vec<String> {
    let id = |choice: &Choice<'_>| choice.candidate.trial_id.to_owned();
    chosen(policy, rungs, need, time_ratio, id)
}

/// A cost that is looked up by the id.
pub(crate) struct Table<F>(pub(crate) F);

impl<F: Fn(&str) -> f64 + Send> ExpectedCost for Table<F> {
    fn name(&self) -> &'static str {
        "table"
    }

    fn of_rung(&self, _: RungView<'_>, _: f64) -> Result<Box<dyn RungCost + '_>, PolicyError> {
        Ok(Box::new(|it: &Candidate<'_>| Ok((self.0)(it.trial_id))))
    }
}
