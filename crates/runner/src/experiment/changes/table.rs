//! An experiment as a table in the header of a log.

use std::collections::BTreeMap;

use rungkeeper_policies::{Budget, Limits};
use rungkeeper_rung_model::{Brackets, RungSpec};
use rungkeeper_tuner_hooks::log::Header;
use serde_json::{Value, json};

use crate::experiment::{Experiment, Search, Source, StorePlace};
use crate::plain::without_secrets;

/// Digits of a digest: enough to notice a change, and too few to find out what was digested.
const DIGITS: usize = 8;

impl Experiment {
    /// The experiment as a table for the header of a run's log, with which [`changes`](super::changes) compares
    /// the file when the run goes on.
    ///
    /// All defaults are filled in, so that a file in other words has the same table. Nothing that
    /// may be secret is in it: of the command, of variables and of slots there are digests only.
    ///
    /// ```
    /// # let text = r#"
    /// #     name = "digits"
    /// #     command = ["./train", "{lr}"]
    /// #     metric = "loss"
    /// #     resource = "epoch"
    /// #     [space]
    /// #     lr = { type = "uniform", low = 0.0, high = 1.0 }
    /// #     [scheduler]
    /// #     max_resource = 27
    /// # "#;
    /// use rungkeeper_runner::experiment::{Experiment, changes};
    ///
    /// let begun = Experiment::read(text)?.table();
    /// let mut now = Experiment::read(text)?;
    /// now.workers = 4;
    /// now.names.metric = "accuracy".to_owned();
    /// let changes = changes(&begun, &now);
    /// assert_eq!(changes.taken, ["workers was 1 and is now 4: the run goes on with that"]);
    /// assert!(changes.refused[0].starts_with(r#"metric was "loss" and is now "accuracy""#));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn table(&self) -> Value {
        let spec = &self.scheduler;
        let (location, cache, timeout) = match &self.store {
            StorePlace::Folder { folder, timeout } => (folder.display().to_string(), None, timeout),
            StorePlace::Bucket {
                address,
                cache,
                timeout,
            } => (without_secrets(address), Some(cache), timeout),
        };
        let variables = self.environment.iter();
        let variables: BTreeMap<&str, String> = variables
            .map(|(name, value)| (name.as_str(), digest(&json!(value))))
            .collect();
        let mut budget = budget(self.budget);
        budget["policy"] = json!(self.policy.name());
        budget["policy_seed"] = json!(self.policy_seed);
        budget["pin_best"] = json!(self.pin_best);
        let mut free = free(self.workers, self.limits);
        for (name, value) in [
            ("command", json!(digest(&json!(self.command)))),
            ("slots", json!(digest(&json!(self.slots)))),
            ("search", json!(search(&self.search))),
            ("environment", json!(variables)),
            ("directory", json!(self.directory.display().to_string())),
            ("timeout", json!(timeout.as_secs_f64())),
            ("retries", json!(self.retries)),
            ("max_failed_trials", json!(self.max_failed_trials)),
            ("max_without_report", json!(self.max_without_report)),
            ("silence", json!(self.silence.as_secs_f64())),
            ("grace", json!(self.grace.as_secs_f64())),
            ("output", json!(self.output)),
        ] {
            free[name] = value;
        }
        let model = &spec.model;
        let mut scheduler = scheduler(&model.rungs, spec.max_resource, model.brackets, spec.seed);
        scheduler["promotion_rule"] = json!(spec.rule);
        json!({
            "name": self.name,
            "metric": self.names.metric,
            "resource": self.names.resource,
            "mode": model.mode,
            "protocol": self.protocol,
            // As pairs: their order decides what is drawn.
            "space": self.space.parameters().collect::<Vec<_>>(),
            "configurations": self.space.given(),
            "configurations_from": from(&self.configurations),
            "scheduler": scheduler,
            "store": { "location": location, "cache": cache.map(|path| path.display().to_string()) },
            "budget": budget,
            "free": free,
        })
    }
}

/// What a log tells of its experiment that was begun before there were tables in headers: the same
/// form, with less in it.
#[must_use]
pub fn table_of_header(header: &Header) -> Value {
    let (rungs, brackets) = (&header.rungs, header.brackets);
    let mut scheduler = scheduler(rungs, header.max_resource, brackets, header.seed);
    scheduler["promotion_rule"] = json!(header.settings.promotion_rule);
    let mut budget = budget(header.budget);
    budget["policy"] = json!(header.policy);
    budget["policy_seed"] = json!(header.policy_seed);
    json!({
        "mode": header.mode,
        "scheduler": scheduler,
        "budget": budget,
        "free": free(header.workers, header.limits),
    })
}

/// Where configurations come from that do not stand in the file; null if they do.
fn from(source: &Source) -> Value {
    match source {
        Source::Listed => Value::Null,
        Source::File(path) => json!(path.display().to_string()),
        Source::Former { run, best } => json!({ "run": run.display().to_string(), "best": best }),
    }
}

fn scheduler(rungs: &[RungSpec], max_resource: u64, brackets: Brackets, seed: u64) -> Value {
    json!({
        "levels": rungs.iter().map(|rung| rung.level).collect::<Vec<_>>(),
        "max_resource": max_resource,
        "brackets": brackets.number,
        "own_rungs": brackets.own_rungs,
        "seed": seed,
    })
}

fn budget(budget: Budget) -> Value {
    json!({ "max_checkpoints": budget.max_checkpoints, "max_bytes": budget.max_bytes })
}

fn free(workers: u64, limits: Limits) -> Value {
    json!({
        "workers": workers,
        "wall_clock": limits.seconds,
        "trials": limits.trials,
        "reports": limits.reports,
        "total_resource": limits.resource,
    })
}

fn search(search: &Search) -> String {
    match search {
        Search::Random => "random".to_owned(),
        Search::Program { command, timeout } => digest(&json!([command, timeout.as_secs_f64()])),
    }
}

fn digest(value: &Value) -> String {
    let digest = blake3::hash(value.to_string().as_bytes());
    digest.to_hex()[..DIGITS].to_owned()
}
