use thiserror::Error;

/// Smallest amount, in any unit, that counts as used or left (Syne Tune 0.13: a millisecond).
const LEAST: f64 = 1e-3;

/// The time ratio where nothing limits the run: as much is taken to be left as was used.
const WITHOUT_LIMIT: f64 = 1.0;

/// Stopping criteria. If several are set, the one reached first decides the time ratio.
///
/// ```
/// use rungkeeper_policies::{Limits, Progress};
///
/// let limits = Limits { seconds: Some(600.0), trials: Some(200), ..Limits::default() };
/// let progress = Progress { seconds: 60.0, trials: 100, reports: 900, resource: 900 };
/// assert_eq!(limits.time_ratio(&progress), 1.0); // 540 / 60 by the clock, 100 / 100 by trials
/// assert_eq!(Limits::default().time_ratio(&progress), 1.0); // no limit: the stated default
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits {
    /// Wall clock, in seconds. `max_wallclock_time` where it is serialized, as in Syne Tune 0.13 and in the event log; so
    /// are the others.
    #[doc(alias = "max_wallclock_time")]
    #[cfg_attr(feature = "serde", serde(rename = "max_wallclock_time"))]
    pub seconds: Option<f64>,
    /// Number of trials started.
    #[cfg_attr(feature = "serde", serde(rename = "max_num_trials"))]
    pub trials: Option<u64>,
    /// Number of reports.
    #[cfg_attr(feature = "serde", serde(rename = "max_num_reports"))]
    pub reports: Option<u64>,
    /// Resource units trained, over all trials.
    #[cfg_attr(feature = "serde", serde(rename = "max_total_resource"))]
    pub resource: Option<u64>,
}

/// How far a run has come, in the units of [`Limits`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Progress {
    /// Seconds since the first start; interruptions do not count.
    pub seconds: f64,
    /// Trials started.
    pub trials: u64,
    /// Reports received.
    pub reports: u64,
    /// Resource units trained.
    pub resource: u64,
}

/// A limit that is no positive number.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[error("the limit of {name} is {value}, but must be positive")]
#[non_exhaustive]
pub struct LimitError {
    /// Which limit.
    pub name: &'static str,
    /// What it was.
    pub value: f64,
}

impl Limits {
    /// Refuses limits that are not positive, NaN included.
    ///
    /// # Errors
    ///
    /// [`LimitError`] for the first bad one.
    pub fn check(&self) -> Result<(), LimitError> {
        for (name, value) in self.named() {
            if let Some(value) = value
                && !(value > 0.0)
            {
                return Err(LimitError { name, value });
            }
        }
        Ok(())
    }

    /// Time ratio: what is left of the run over what is used, of the limit that ends it first.
    ///
    /// Both are taken as at least 0.001 of the limit's unit, so the ratio is positive and finite. A
    /// run without a limit has the ratio 1. Progress that is no number counts as none.
    #[must_use]
    pub fn time_ratio(&self, progress: &Progress) -> f64 {
        let used = [
            progress.seconds,
            progress.trials as f64,
            progress.reports as f64,
            progress.resource as f64,
        ];
        self.named()
            .iter()
            .zip(used)
            .filter_map(|(&(_, limit), used)| Some((limit? - used).max(LEAST) / used.max(LEAST)))
            .reduce(f64::min)
            .unwrap_or(WITHOUT_LIMIT)
    }

    /// Whether some limit is reached.
    #[must_use]
    pub fn reached(&self, progress: &Progress) -> bool {
        self.seconds.is_some_and(|most| progress.seconds >= most)
            || self.trials.is_some_and(|most| progress.trials >= most)
            || self.reports.is_some_and(|most| progress.reports >= most)
            || self.resource.is_some_and(|most| progress.resource >= most)
    }

    fn named(&self) -> [(&'static str, Option<f64>); 4] {
        let number = |limit: Option<u64>| limit.map(|limit| limit as f64);
        [
            ("seconds", self.seconds),
            ("trials", number(self.trials)),
            ("reports", number(self.reports)),
            ("resource", number(self.resource)),
        ]
    }
}
