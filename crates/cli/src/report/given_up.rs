//! The checkpoints that were removed, and which of them were missed.

use foldhash::HashMap;
use rungkeeper_tuner_hooks::log::{Event, LoopEnd};
use rungkeeper_tuner_hooks::{Removal, RemovalReason, RungModel};

/// A checkpoint that is gone.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GivenUp {
    /// Seconds of the run.
    pub(crate) time: f64,
    /// What was removed, and why. Its bytes are 0 where the log does not tell.
    pub(crate) removal: Removal,
    /// Its trial was resumed after all.
    pub(crate) regret: Option<Regret>,
}

/// A resume without the checkpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Regret {
    /// Seconds of the run.
    pub(crate) time: f64,
    /// Resource units that are trained again.
    pub(crate) cost: u64,
}

impl GivenUp {
    /// Nobody removed it: it was never completed, or found broken.
    pub(crate) fn is_lost(&self) -> bool {
        self.removal.reason == RemovalReason::Lost
    }
}

/// All checkpoints that are gone, in order of time.
#[derive(Debug, Default)]
pub(crate) struct GivenUpList {
    all: Vec<GivenUp>,
    /// Those from here on were announced, and wait for the loop end that lists them again.
    announced: usize,
    /// Resumes without checkpoint so far.
    resumed: usize,
    /// Where the latest removal of each trial is in `all`.
    latest: HashMap<String, usize>,
}

impl GivenUpList {
    /// All of them.
    pub(crate) fn all(&self) -> &[GivenUp] {
        &self.all
    }

    /// Number of those that somebody removed and then missed.
    pub(crate) fn regretted(&self) -> usize {
        let regretted = |gone: &&GivenUp| gone.regret.is_some() && !gone.is_lost();
        self.all.iter().filter(regretted).count()
    }

    /// An event is about to happen: `model` does not know of it yet.
    pub(super) fn happens(&mut self, event: &Event, model: &RungModel) {
        match event {
            Event::Remove { removal, elapsed } => self.push(*elapsed, removal.clone()),
            Event::LoopEnd(end) => {
                self.unannounced(end, model);
                self.announced = self.all.len();
            }
            _ => self.announced = self.all.len(),
        }
    }

    /// `resumed` are all trials resumed without checkpoint up to now, which is `time`.
    pub(super) fn happened(&mut self, time: f64, resumed: &[(String, u64)]) {
        for (trial, cost) in &resumed[self.resumed..] {
            if let Some(&place) = self.latest.get(trial) {
                self.all[place].regret = Some(Regret { time, cost: *cost });
            }
        }
        self.resumed = resumed.len();
    }

    /// Logs of the reference list removals at the loop end alone. It knows one budget.
    fn unannounced(&mut self, end: &LoopEnd, model: &RungModel) {
        let from = self.announced;
        for removed in &end.removed {
            let known = |gone: &GivenUp| gone.removal.trial == removed.trial;
            if self.all[from..].iter().any(known) {
                continue;
            }
            let checkpoint = model.checkpoint(&removed.trial);
            let removal = Removal {
                trial: removed.trial.clone(),
                level: removed.level,
                rank: removed.rank,
                rung_len: removed.rung_len,
                bytes: checkpoint.map_or(0, |checkpoint| checkpoint.bytes),
                expected_cost: removed.score,
                ln_expected_cost: removed.score.map(f64::ln),
                reason: RemovalReason::MaxCheckpoints,
            };
            self.push(end.elapsed, removal);
        }
    }

    fn push(&mut self, time: f64, removal: Removal) {
        self.latest.insert(removal.trial.clone(), self.all.len());
        self.all.push(GivenUp {
            time,
            removal,
            regret: None,
        });
    }
}
