//! Arrivals that are known beforehand.

use rungkeeper_rung_model::{MetricKey, PromotionRule};

use super::Arguments;
use crate::attempt::{Candidate, View, number};

/// Which arrivals at a rung are known beforehand, and counted as if they were there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Known {
    /// None.
    #[default]
    None,
    /// Running trials that were promoted from the rung below. One that was better than the trial
    /// there counts as a better arrival, another one as a worse.
    Running,
    /// Running trials that report a metric better than the trial's own already: better arrivals.
    /// Of the others nothing is known.
    RunningAhead,
    /// Trials that can be promoted from the rung below, but wait for a worker: as the running.
    Backlog,
    /// Both.
    RunningAndBacklog,
}

impl Known {
    /// The arguments with the known arrivals counted; as many fewer are still expected.
    pub(super) fn applied(
        self,
        view: &View<'_>,
        candidate: &Candidate<'_>,
        arguments: Arguments,
    ) -> Arguments {
        let rung = view.rung_of(candidate);
        if self == Self::None || rung == 0 {
            return arguments;
        }
        let (mut known, mut better) = (0, 0);
        let mut count = |is_better: bool| {
            known += 1;
            better += u64::from(is_better);
        };
        if self == Self::RunningAhead {
            let own = view.metric_of(candidate);
            let ahead = view.running.iter().filter(|running| {
                running.next_rung == rung && running.metric.is_some_and(|metric| metric < own)
            });
            ahead.for_each(|_| count(true));
        } else {
            let own = view.past.standing(number(candidate.trial_id), rung - 1);
            let metrics = self.metrics_below(view, rung);
            // A trial of a bracket that begins here has no place below: nothing is known.
            if let Some(own) = own {
                metrics.for_each(|metric| count(metric < own));
            }
        }
        Arguments {
            rank: arguments.rank + better,
            rung_len: arguments.rung_len + known,
            expected: (arguments.expected - known as f64).max(0.0),
            ..arguments
        }
    }

    /// Metrics, in the rung below, of the trials that are known to come.
    fn metrics_below<'v>(
        self,
        view: &'v View<'_>,
        rung: usize,
    ) -> impl Iterator<Item = MetricKey> + 'v {
        let running = view.running.iter().filter(move |running| {
            matches!(self, Self::Running | Self::RunningAndBacklog) && running.next_rung == rung
        });
        let running =
            running.filter_map(move |running| view.past.standing(running.trial, rung - 1));
        let below = &view.model.rungs()[rung - 1];
        let backlog = below.waiting().take_while(move |&(position, _)| {
            matches!(self, Self::Backlog | Self::RunningAndBacklog)
                && !position.metric().is_non_finite()
                && PromotionRule::TopFraction.promotes(
                    below.rank(position),
                    below.len(),
                    below.promotion_quantile(),
                )
        });
        running.chain(backlog.map(|(position, _)| position.metric()))
    }
}
