//! What an attempt at a better score is shown.

use anyhow::Result;
use rungkeeper_policies::{Need, RemovalPolicy, choose_cheapest};
use rungkeeper_rung_model::{ArrivalData, Candidate, MetricKey, RungModel};

/// A way to choose what is given up that may look at more than a
/// [`RemovalPolicy`] does.
pub trait Attempt {
    /// Learns from an arrival at a rung. Does nothing by default.
    ///
    /// # Errors
    ///
    /// Data that cannot be taken.
    fn observe(&mut self, _data: &ArrivalData) -> Result<()> {
        Ok(())
    }

    /// Natural logarithm of what is lost with each candidate's checkpoint, in the order of the
    /// candidates; what is lowest goes first.
    ///
    /// # Errors
    ///
    /// A candidate outside the domain of a score.
    fn ln_losses(&mut self, view: &View<'_>) -> Result<Vec<f64>>;

    /// Places of the candidates that are given up. By default those of lowest loss.
    ///
    /// # Errors
    ///
    /// As [`Attempt::ln_losses`].
    fn choose(&mut self, view: &View<'_>, need: Need) -> Result<Vec<usize>> {
        let losses = self.ln_losses(view)?;
        let chosen = choose_cheapest(view.candidates, &losses, need);
        Ok(chosen.iter().map(|choice| choice.candidate).collect())
    }

    /// Whether all candidates must be shown, and not just the worst-ranked of each rung.
    fn needs_all(&self) -> bool;
}

/// The state of a run at the end of a turn.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Trials and rungs.
    pub model: &'a RungModel,
    /// Trials whose checkpoint can be given up.
    pub candidates: &'a [Candidate<'a>],
    /// Trials that a worker trains.
    pub running: &'a [Running],
    /// What is left of the run over what is used.
    pub time_ratio: f64,
    /// What happened so far.
    pub past: &'a Past,
}

impl View<'_> {
    /// Place of a candidate's rung.
    ///
    /// # Panics
    ///
    /// If the candidate is of another run.
    #[must_use]
    pub fn rung_of(&self, candidate: &Candidate<'_>) -> usize {
        let levels = self
            .model
            .rungs()
            .iter()
            .map(rungkeeper_rung_model::Rung::level);
        let mut places = levels.zip(0..);
        let found = places.find(|&(level, _)| level == candidate.level);
        found.expect("candidates wait in a rung").1
    }

    /// The metric with which a candidate stands in its rung.
    #[must_use]
    pub fn metric_of(&self, candidate: &Candidate<'_>) -> MetricKey {
        let rung = &self.model.rungs()[self.rung_of(candidate)];
        rung.metric_at(candidate.rank).unwrap_or(MetricKey::BAD)
    }
}

/// A trial that a worker trains.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Running {
    /// Number of the trial.
    pub trial: usize,
    /// Place of the rung it arrives at next; the number of rungs where it is on its way to the end.
    pub next_rung: usize,
    /// What it reported last, if anything.
    pub metric: Option<MetricKey>,
}

/// What happened so far.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Number of reports.
    pub reports: u64,
    /// Of each rung: the number of reports there had been at each arrival.
    pub arrivals: Vec<Vec<u64>>,
    /// Of each trial, by its number: the metric with which it stands in each rung, if it does.
    pub standings: Vec<Vec<Option<MetricKey>>>,
}

impl Past {
    /// The metric with which a trial stands in a rung, if it does.
    #[must_use]
    pub fn standing(&self, trial: usize, rung: usize) -> Option<MetricKey> {
        *self.standings.get(trial)?.get(rung)?
    }
}

/// Number of a trial of a simulated run.
///
/// # Panics
///
/// If it is none: simulated runs number their trials.
#[must_use]
pub fn number(trial: &str) -> usize {
    trial.parse().expect("simulated runs number their trials")
}

/// A policy of the project as an attempt.
pub struct Policy(pub Box<dyn RemovalPolicy>);

impl Attempt for Policy {
    fn observe(&mut self, data: &ArrivalData) -> Result<()> {
        Ok(self.0.observe(data)?)
    }

    fn ln_losses(&mut self, view: &View<'_>) -> Result<Vec<f64>> {
        Ok(self.0.ln_losses(view.candidates, view.time_ratio)?)
    }

    fn choose(&mut self, view: &View<'_>, need: Need) -> Result<Vec<usize>> {
        let chosen = self.0.choose(view.candidates, need, view.time_ratio)?;
        Ok(chosen.iter().map(|choice| choice.candidate).collect())
    }

    fn needs_all(&self) -> bool {
        self.0.needs_all(Need {
            checkpoints: 1,
            bytes: 0,
        })
    }
}
