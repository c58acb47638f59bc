//! What an attempt at a better score is shown.

use anyhow::Result;
use rungkeeper_policies::{Need, RemovalPolicy};
use rungkeeper_rung_model::{ArrivalData, MetricKey, PromotionQuantile, RungModel, RungView};

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
        let mut places: Vec<usize> = (0..view.candidates.len()).collect();
        places.sort_by(|&i, &j| {
            let tie = |c: &Candidate<'_>| (c.level, std::cmp::Reverse(c.rank));
            let (one, other) = (&view.candidates[i], &view.candidates[j]);
            (other.non_finite.cmp(&one.non_finite))
                .then(losses[i].total_cmp(&losses[j]))
                .then_with(|| (tie(one), one.trial_id).cmp(&(tie(other), other.trial_id)))
        });
        places.truncate(usize::try_from(need.checkpoints)?);
        Ok(places)
    }
}

/// A trial whose checkpoint can be removed, and its rung.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The trial.
    pub trial_id: &'a str,
    /// Its rung level.
    pub level: u64,
    /// Its rank there.
    pub rank: u64,
    /// Number of better entries there.
    pub num_better: u64,
    /// Number of entries there.
    pub rung_len: u64,
    /// The share of them that is promoted.
    pub promotion_quantile: PromotionQuantile,
    /// Whether its metric is no finite number.
    pub non_finite: bool,
}

impl<'a> Candidate<'a> {
    /// All candidates of a model.
    #[must_use]
    pub fn all(model: &'a RungModel) -> Vec<Self> {
        let of = |rung: RungView<'a>| {
            rung.worst_first().map(move |candidate| Self {
                trial_id: candidate.trial_id,
                level: rung.level(),
                rank: candidate.rank,
                num_better: candidate.num_better,
                rung_len: rung.len(),
                promotion_quantile: rung.promotion_quantile(),
                non_finite: candidate.non_finite,
            })
        };
        model.rung_views().flat_map(of).collect()
    }
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
        rung.metric_at(candidate.rank)
            .unwrap_or(MetricKey::NON_FINITE)
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

    /// Which it would give up first is what a policy tells, and not what that costs.
    fn ln_losses(&mut self, _: &View<'_>) -> Result<Vec<f64>> {
        anyhow::bail!("a policy chooses by itself")
    }

    fn choose(&mut self, view: &View<'_>, need: Need) -> Result<Vec<usize>> {
        let rungs: Vec<RungView<'_>> = view.model.rung_views().collect();
        let chosen = self.0.choose(&rungs, need, view.time_ratio)?;
        let place = |id: &str| view.candidates.iter().position(|c| c.trial_id == id);
        let places = chosen.iter().map(|choice| place(choice.candidate.trial_id));
        Ok(places.flatten().collect())
    }
}
