//! How many arrivals at each rung are still to come.

use crate::attempt::View;

/// Where the expected number of arrivals comes from. n is the rung length, reports are the clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Rates {
    /// (n + 1) times the time ratio, as the rank-aware score has it.
    #[default]
    Elapsed,
    /// The rate of the last quarter of the run so far, one arrival added.
    Recent,
    /// The rate since the rung's first arrival, one arrival added.
    SinceFirst,
    /// At the first rung as the rank-aware score; above, the trials on their way, and alpha times
    /// what is expected at the rung below.
    FromBelow,
}

impl Rates {
    /// The expected number of arrivals at each rung.
    pub(super) fn expected(self, view: &View<'_>) -> Vec<f64> {
        let past = view.past;
        let reports = past.reports as f64;
        let left = view.time_ratio * reports;
        let mut expected: Vec<f64> = Vec::with_capacity(past.arrivals.len());
        for (place, rung) in view.model.rungs().iter().enumerate() {
            let arrivals = &past.arrivals[place];
            let elapsed = (rung.len() as f64 + 1.0) * view.time_ratio;
            let of_window = |begin: f64| {
                let within = arrivals.partition_point(|&at| (at as f64) <= begin);
                let count = (arrivals.len() - within) as f64 + 1.0;
                count / (reports - begin).max(1.0) * left
            };
            expected.push(match self {
                Self::Elapsed => elapsed,
                Self::Recent => of_window(0.75 * reports),
                Self::SinceFirst => match arrivals.first() {
                    Some(&first) => of_window(first as f64 - 1.0),
                    None => elapsed,
                },
                Self::FromBelow if place == 0 => elapsed,
                Self::FromBelow => {
                    let coming = view.running.iter().filter(|r| r.next_rung == place);
                    let [a, b] = view.model.rungs()[place - 1].promotion_quantile().given();
                    coming.count() as f64 + expected[place - 1] * a as f64 / b as f64
                }
            });
        }
        expected
    }
}
