//! What is simulated.

use rungkeeper_rung_model::{Brackets, Mode};
use rungkeeper_score::PromotionRule;
use rungkeeper_tuner_hooks::{Limits, PolicySpec};

use crate::curves::CurveTable;
use crate::simulation::{Levels, usual_mode};

/// Learning curves, and which of their metrics are good.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    /// The curves.
    pub table: CurveTable,
    /// Whether small or large metrics are good.
    pub mode: Mode,
}

impl Curves {
    /// Without a mode, the [usual one](usual_mode) of the metric.
    #[must_use]
    pub fn new(table: CurveTable, mode: Option<Mode>) -> Self {
        let mode = mode.unwrap_or_else(|| usual_mode(table.metric()));
        Self { table, mode }
    }
}

/// How the curves of new trials are drawn.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Draw {
    /// Each curve once, in a random order. When all are used no new trial is started.
    ///
    /// The default: every trial is then a configuration of its own, as in a real run. With
    /// replacement, copies of the same curve tie with each other at every rung.
    #[default]
    WithoutReplacement,
    /// Any curve, all equally likely, any number of times: for runs longer than the file.
    WithReplacement,
    /// Each curve once, in the order of the file: where new trials depend on earlier ones, as those
    /// of a search that learns do.
    InOrder,
}

/// What happens to a trial that is resumed without its checkpoint.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Retraining {
    /// It trains again from scratch, and that takes its time. Its reports at rungs where it stands
    /// already change no rank and are no data. Policies that lose more then finish later, and see
    /// another schedule.
    #[default]
    TakesTime,
    /// It goes on from where it was, and what training again would have cost is only counted. All
    /// policies and budgets then see one and the same schedule, and the optimum is defined.
    Frozen,
}

/// What is common to all runs of a [`Grid`](crate::simulation::Grid).
///
/// ```
/// use rungkeeper_tuner::simulation::{Conditions, Draw, Retraining};
///
/// let conditions = Conditions { retraining: Retraining::Frozen, ..Conditions::default() };
/// assert_eq!(conditions.draw, Draw::WithoutReplacement);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conditions {
    /// Resource at which trials stop; `None`: the largest that the file lists.
    pub max_resource: Option<u64>,
    /// When a paused trial is promoted, for the scheduler and for the score that judges it.
    pub promotion_rule: PromotionRule,
    /// Brackets.
    pub brackets: Brackets,
    /// What ends the run, whichever comes first.
    ///
    /// When the limit of *trials* is reached, no new one is started, and the run ends when nothing
    /// can be promoted and all workers are idle. The others end the run at once. Where
    /// each curve comes once, the number of curves is such a limit of trials in any case; with
    /// replacement it is one where no limit is given at all.
    pub limits: Limits,
    /// How curves are drawn.
    pub draw: Draw,
    /// What becomes of a trial that is resumed without its checkpoint.
    pub retraining: Retraining,
}

impl Conditions {
    /// The limits of a run on this many curves.
    pub(super) fn limits_for(&self, curves: usize) -> Limits {
        let mut limits = self.limits;
        let curves = curves as u64;
        if self.draw != Draw::WithReplacement {
            limits.trials = Some(limits.trials.map_or(curves, |trials| trials.min(curves)));
        } else if limits == Limits::default() {
            limits.trials = Some(curves);
        }
        limits
    }
}

/// What tells one run of a [`Grid`](crate::simulation::Grid) from the others.
///
/// ```
/// use rungkeeper_tuner::simulation::{Cell, Levels};
/// use rungkeeper_tuner_hooks::PolicySpec;
///
/// let cell = Cell {
///     levels: Levels::geometric(4),
///     workers: 4,
///     budget: 16,
///     seed: 0,
///     policy: PolicySpec::default(),
/// };
/// assert_eq!(cell.levels.reduction_factor(), 4);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Rung levels.
    pub levels: Levels,
    /// Trials that train at the same time.
    pub workers: u64,
    /// Most checkpoints, those of running trials included: at least the number of workers.
    pub budget: u64,
    /// Seed of the order of the curves, of brackets and of the random policy.
    pub seed: u64,
    /// The policy. The promotion rule of [`Conditions`] and the seed of the cell hold for it, too.
    pub policy: PolicySpec,
}
