//! What a training program said so far.

use std::time::{Duration, Instant};

use crate::desk::Saved;

/// Refused lines of a process that are told one by one.
const REFUSALS_TOLD: u64 = 3;

/// What a program said so far.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// The last resource reported; before the first report that of its checkpoint.
    pub(crate) resource: u64,
    /// Resource units that the last report is about.
    pub(super) trained: u64,
    /// The last checkpoint that it said was written, as it lay then.
    pub(crate) saved: Option<Saved>,
    /// The level of the last checkpoint that it said was written.
    pub(crate) saved_at: Option<u64>,
    began: Instant,
    last_report: Option<Instant>,
    /// The longest time between two reports.
    longest_gap: Duration,
    refused: u64,
    /// Whether a report was answered with the word to end.
    told_to_end: bool,
    /// Reports that came after that answer.
    unheeded: u64,
    silence_is_noted: bool,
}

impl Said {
    pub(super) fn new(level: u64) -> Self {
        Self {
            resource: level,
            trained: 0,
            saved: None,
            saved_at: None,
            began: Instant::now(),
            last_report: None,
            longest_gap: Duration::ZERO,
            refused: 0,
            told_to_end: false,
            unheeded: 0,
            silence_is_noted: false,
        }
    }

    pub(crate) fn has_reported(&self) -> bool {
        self.last_report.is_some()
    }

    pub(crate) fn reported(&mut self, resource: u64, has_saved: bool, saved: Option<Saved>) {
        let now = Instant::now();
        let gap = now - self.last_report.unwrap_or(self.began);
        self.longest_gap = self.longest_gap.max(gap);
        self.last_report = Some(now);
        // One that begins anew although it had a checkpoint trains all of it.
        self.trained = resource.checked_sub(self.resource).unwrap_or(resource);
        self.resource = resource;
        self.saved = saved.or(self.saved.take());
        if has_saved {
            self.saved_at = Some(resource);
        }
    }

    /// A line was refused; whether it is worth a note of its own.
    pub(crate) fn refused(&mut self) -> bool {
        self.refused += 1;
        self.refused <= REFUSALS_TOLD
    }

    /// Number of refused lines that were not told.
    pub(crate) fn refusals_left_out(&self) -> u64 {
        self.refused.saturating_sub(REFUSALS_TOLD)
    }

    /// A report was answered with the word to end. Further ones are from a program that does not read its answers, or does
    /// not mind them.
    pub(crate) fn told_to_end(&mut self) {
        if self.told_to_end {
            self.unheeded += 1;
        }
        self.told_to_end = true;
    }

    /// Number of reports that came after a report was answered with the word to end.
    pub(crate) fn unheeded(&self) -> u64 {
        self.unheeded
    }

    /// Whether it reported nothing for so long that a person should know; true once.
    pub(super) fn is_silent(&mut self, silence: Duration) -> bool {
        let silent = !self.has_reported() && self.began.elapsed() >= silence;
        let news = silent && !self.silence_is_noted;
        self.silence_is_noted |= silent;
        news
    }

    /// How long its next report is waited for when the run stops.
    pub(super) fn patience(&self, grace: Duration) -> Duration {
        grace.max(self.longest_gap * 2)
    }
}
