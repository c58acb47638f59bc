//! A model that keeps plain sorted lists.

use std::collections::BTreeSet;

use rungkeeper_rung_model::TrialStatus;

pub(crate) const LEVELS: [u64; 3] = [1, 3, 9];

#[derive(Clone, Debug)]
pub(crate) struct NaiveTrial {
    pub(crate) bracket: usize,
    pub(crate) status: TrialStatus,
    pub(crate) rungs_done: usize,
    pub(crate) promoted: bool,
    pub(crate) last: u64,
    /// Resource of the pause it was resumed from with a checkpoint, until its first report.
    pub(crate) paused_at: Option<u64>,
    pub(crate) saved_at: u64,
    pub(crate) checkpoint: Option<(u64, u64)>,
    pub(crate) committed_since_pause: bool,
    pub(crate) pinned: bool,
}

/// Lists sorted by a stable sort after every insertion at the end.
#[derive(Debug, Default)]
pub(crate) struct Naive {
    pub(crate) trials: Vec<NaiveTrial>,
    /// Trials that crashed for good.
    pub(crate) failed: BTreeSet<usize>,
    pub(crate) rungs: [Vec<(f64, usize)>; 3],
}

impl Naive {
    pub(crate) fn insert(&mut self, rung: usize, metric: f64, trial: usize) {
        let worst = |value: f64| {
            if value.is_finite() {
                value
            } else {
                f64::INFINITY
            }
        };
        self.rungs[rung].push((worst(metric), trial));
        self.rungs[rung].sort_by(|x, y| x.0.total_cmp(&y.0));
    }

    pub(crate) fn top(&self, trial: usize) -> Option<usize> {
        let state = &self.trials[trial];
        (state.rungs_done > 0).then(|| state.bracket + state.rungs_done - 1)
    }

    pub(crate) fn rank(&self, trial: usize) -> Option<(u64, u64, u64)> {
        let rung = self.top(trial)?;
        let place = self.rungs[rung].iter().position(|e| e.1 == trial)?;
        Some((
            LEVELS[rung],
            place as u64 + 1,
            self.rungs[rung].len() as u64,
        ))
    }

    pub(crate) fn waits(&self, trial: usize) -> bool {
        let state = &self.trials[trial];
        state.status == TrialStatus::PausedWithCheckpoint && !state.promoted && state.rungs_done > 0
    }

    pub(crate) fn expected_data(&self, rung: usize, metric: f64) -> (u64, u64) {
        let waiting = self.rungs[rung]
            .iter()
            .filter(|e| e.0.is_finite() && self.top(e.1) == Some(rung) && self.waits(e.1));
        let values: Vec<bool> = waiting
            .map(|e| metric.is_finite() && metric <= e.0)
            .collect();
        let ones = values.iter().filter(|&&value| value).count();
        (ones as u64, values.len() as u64)
    }

    pub(crate) fn candidates(&self) -> Vec<(String, u64, u64, u64, u64)> {
        let mut list = Vec::new();
        for rung in (0..3).rev() {
            for &(_, trial) in &self.rungs[rung] {
                let state = &self.trials[trial];
                let whole = |c: &(u64, u64)| state.committed_since_pause || c.0 >= LEVELS[rung];
                let complete = state.checkpoint.filter(whole);
                if let Some((_, bytes)) = complete
                    && self.waits(trial)
                    && self.top(trial) == Some(rung)
                    && !state.pinned
                {
                    let (level, rank, len) = self.rank(trial).unwrap();
                    list.push((trial.to_string(), level, rank, len, bytes));
                }
            }
        }
        list
    }

    pub(crate) fn holders(&self) -> usize {
        let holds = |t: &&NaiveTrial| match t.status {
            TrialStatus::Running | TrialStatus::PausedWithCheckpoint => true,
            TrialStatus::PausedNoCheckpoint => false,
            TrialStatus::StoppedOrCompleted => t.pinned && t.checkpoint.is_some(),
        };
        self.trials.iter().filter(holds).count()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.trials
            .iter()
            .filter_map(|t| t.checkpoint)
            .map(|c| c.1)
            .sum()
    }

    pub(crate) fn end(&mut self, trial: usize) {
        let state = &mut self.trials[trial];
        state.status = TrialStatus::StoppedOrCompleted;
        if !state.pinned {
            state.checkpoint = None;
        }
    }
}
