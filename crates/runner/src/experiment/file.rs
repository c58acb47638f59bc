//! The tables of the file as they are written, with the places of what is checked later.
//!
//! What must be there is optional here, so that all that is missing is reported at once. Descriptions are those of the
//! [schema](mod@super::schema), which editors show.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use rungkeeper_rung_model::Mode;
use rungkeeper_score::PromotionRule;
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::described;
use super::environment::Variables;
use super::search::{self, SearchTable};
use super::shape::{self, Table};
use super::units::{Bytes, Seconds};
use crate::protocol::Protocol;
use rungkeeper_tuner::search_space::{Configuration, Parameter};

/// What to run, what to tune, within which budget.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "rungkeeper experiment", rename = "Experiment")]
pub(super) struct File {
    /// Name of the experiment; its run is in `runs/NAME` unless `--dir` says otherwise.
    #[schemars(with = "String", length(min = 1))]
    pub(super) name: Option<Spanned<String>>,
    /// Program and arguments. `{name}` stands for a hyper-parameter, `{config}` for a JSON file of all of them,
    /// `{checkpoint_dir}`, `{trial}` and `{slot}` for those of the trial, `{{` for a brace. An argument of a parameter that
    /// is not active is left out, with the option before it.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) command: Option<Spanned<Vec<Spanned<String>>>>,
    /// Folder that the command runs in, relative to this file.
    #[schemars(with = "Option<String>")]
    pub(super) directory: Option<PathBuf>,
    /// How the program and the tuner talk: JSON lines with answers, or lines as Syne Tune's Reporter prints them.
    #[schemars(with = "Option<described::Protocol>")]
    #[serde(default, deserialize_with = "shape::word")]
    pub(super) protocol: Protocol,
    /// Key of the metric in a report, `loss` for example.
    #[schemars(with = "String", length(min = 1))]
    pub(super) metric: Option<Spanned<String>>,
    /// Whether a small metric is good (`min`) or a large one (`max`).
    #[schemars(with = "Option<described::Mode>")]
    #[serde(default, deserialize_with = "shape::word")]
    pub(super) mode: Mode,
    /// Key of the resource in a report, `epoch` for example.
    #[schemars(with = "String", length(min = 1))]
    pub(super) resource: Option<Spanned<String>>,
    /// Trials that run at a time.
    #[schemars(with = "Option<u64>", range(min = 1, max = 4096))]
    pub(super) workers: Option<Spanned<u64>>,
    /// Variables of the environment for every trial.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    pub(super) environment: Variables,
    /// One table of variables for each worker, `CUDA_VISIBLE_DEVICES` for example.
    #[schemars(with = "Option<Vec<BTreeMap<String, String>>>")]
    pub(super) slots: Option<Spanned<Vec<Variables>>>,
    /// Hyper-parameters: a table with `type`, or a plain value.
    #[schemars(with = "BTreeMap<String, described::Parameter>")]
    pub(super) space: Option<Spanned<Space>>,
    /// Configurations to be tried first: a list of them, a file (CSV, or JSON lines), or the best of another run.
    #[schemars(with = "Option<Configurations>")]
    pub(super) configurations: Option<Spanned<Configurations>>,
    /// Where the configurations of new trials come from: `"random"`, or a program that proposes them.
    #[schemars(with = "Option<search::Described>")]
    #[serde(default)]
    pub(super) search: SearchTable,
    /// Rungs and brackets.
    #[schemars(with = "Scheduler")]
    pub(super) scheduler: Option<Spanned<Table<Scheduler>>>,
    /// How many checkpoints are kept, and which.
    #[schemars(with = "Option<BudgetTable>")]
    pub(super) budget: Option<Spanned<Table<BudgetTable>>>,
    /// What ends the run; if several are set, the one reached first.
    #[schemars(with = "Option<Stop>")]
    pub(super) stop: Option<Spanned<Table<Stop>>>,
    /// Where checkpoints are kept.
    #[schemars(with = "Option<Store>")]
    #[serde(default)]
    pub(super) store: Table<Store>,
    /// What becomes of programs that crash or say nothing.
    #[schemars(with = "Option<Failures>")]
    #[serde(default)]
    pub(super) failures: Table<Failures>,
    /// Time between a request to end and the kill, `"10 s"` for example.
    #[schemars(with = "Option<described::Time>")]
    #[serde(default = "ten_seconds")]
    pub(super) grace: Seconds,
    /// Most bytes of output that are kept of a trial, its head and its tail; at least `"64 kB"`.
    #[schemars(with = "Option<described::Size>")]
    #[serde(default = "ten_megabytes")]
    pub(super) output: Spanned<Bytes>,
}

/// Rungs and brackets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Scheduler {
    /// Largest resource of a trial.
    #[schemars(with = "u64", range(min = 2))]
    pub(super) max_resource: Option<Spanned<u64>>,
    /// Lowest rung level; 1 unless given.
    #[schemars(range(min = 1))]
    pub(super) grace_period: Option<u64>,
    /// Each rung level is the one before times this factor, and one in this many trials is promoted; 3 unless given.
    #[schemars(range(min = 2))]
    pub(super) reduction_factor: Option<u64>,
    /// Rung levels in place of `grace_period` and `reduction_factor`, in ascending order.
    #[schemars(with = "Option<Vec<u64>>")]
    pub(super) levels: Option<Spanned<Vec<u64>>>,
    /// Number of brackets; 1 unless given.
    #[schemars(with = "Option<usize>", range(min = 1))]
    pub(super) brackets: Option<Spanned<usize>>,
    /// Whether each bracket has rungs of its own.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    pub(super) own_rungs: bool,
    /// Who of a rung is promoted.
    #[serde(default, deserialize_with = "shape::word")]
    #[schemars(with = "Option<described::PromotionRule>")]
    pub(super) promotion_rule: PromotionRule,
    /// Seed of the configurations and brackets.
    #[serde(default)]
    #[schemars(with = "Option<u64>")]
    pub(super) seed: u64,
}

/// How many checkpoints are kept, and which.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BudgetTable {
    /// Which checkpoints are removed first.
    #[schemars(with = "Option<described::Policy>")]
    pub(super) policy: Option<Spanned<String>>,
    /// Seed of the policy `random`.
    #[schemars(with = "Option<u64>")]
    pub(super) policy_seed: u64,
    /// Most trials that have a checkpoint, running ones included.
    #[schemars(with = "Option<u64>", range(min = 1))]
    pub(super) max_checkpoints: Option<Spanned<u64>>,
    /// Most bytes of checkpoints, `"20 GB"` for example.
    #[schemars(with = "Option<described::Size>")]
    pub(super) max_bytes: Option<Bytes>,
    /// Whether the best finished trial keeps its checkpoint, which counts; true unless given.
    #[schemars(with = "Option<bool>")]
    pub(super) pin_best: bool,
}

impl Default for BudgetTable {
    fn default() -> Self {
        Self {
            policy: None,
            policy_seed: 0,
            max_checkpoints: None,
            max_bytes: None,
            pin_best: true,
        }
    }
}

/// What ends the run.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Stop {
    /// Time since the first start, `"10 min"` for example.
    #[schemars(with = "Option<described::Time>")]
    pub(super) wall_clock: Option<Seconds>,
    /// Number of trials.
    #[schemars(range(min = 1))]
    pub(super) trials: Option<u64>,
    /// Number of reports.
    #[schemars(range(min = 1))]
    pub(super) reports: Option<u64>,
    /// Resource units that are trained in all.
    #[schemars(range(min = 1))]
    pub(super) total_resource: Option<u64>,
}

/// Where checkpoints are kept.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Store {
    /// A folder, relative to the run's directory, or an address such as `s3://bucket/prefix`.
    #[schemars(with = "Option<String>")]
    pub(super) location: Option<Spanned<String>>,
    /// With an address: the folder of the local copy.
    #[schemars(with = "Option<String>")]
    pub(super) cache: Option<Spanned<PathBuf>>,
    /// How long an operation is tried again while the store cannot be used.
    #[schemars(with = "Option<described::Time>")]
    pub(super) timeout: Option<Spanned<Seconds>>,
}

/// What becomes of programs that crash or say nothing.
#[derive(Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Failures {
    /// Starts after crashes of a trial before it has failed; 0 unless given.
    #[schemars(with = "Option<u64>")]
    pub(super) retries: u64,
    /// More failed trials than this stop the run.
    pub(super) max_failed_trials: Option<u64>,
    /// Programs that end one after the other without any report, at which the run stops; 5 unless given.
    #[schemars(with = "Option<u64>", range(min = 1))]
    pub(super) max_without_report: Option<Spanned<u64>>,
    /// Time after which a program that has reported nothing gets a note; a minute unless given.
    #[schemars(with = "Option<described::Time>")]
    pub(super) silence: Seconds,
}

impl Default for Failures {
    fn default() -> Self {
        Self {
            retries: 0,
            max_failed_trials: None,
            max_without_report: None,
            silence: Seconds(60.0),
        }
    }
}

/// The hyper-parameters, in the order in which they are drawn, with the places of their names.
pub(super) struct Space(pub(super) Vec<(Spanned<String>, Parameter)>);

impl<'de> Deserialize<'de> for Space {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpaceVisitor;

        impl<'de> Visitor<'de> for SpaceVisitor {
            type Value = Space;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of hyper-parameters")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Space, A::Error> {
                let mut parameters = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    parameters.push(pair);
                }
                Ok(Space(parameters))
            }
        }

        deserializer.deserialize_map(SpaceVisitor)
    }
}

/// The configurations that are tried first.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Configurations {
    /// They stand here.
    Listed(
        #[schemars(with = "Vec<BTreeMap<String, described::PlainValue>>")]
        Vec<Spanned<Configuration>>,
    ),
    /// A file: CSV with a column a parameter, or JSON lines.
    File(#[schemars(with = "String")] PathBuf),
    /// The best of another run.
    Former(Former),
}

/// The best of another run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Former {
    /// Its directory, relative to this file.
    #[schemars(with = "String")]
    pub(super) run: PathBuf,
    /// How many.
    #[schemars(range(min = 1))]
    pub(super) best: u64,
}

impl<'de> Deserialize<'de> for Configurations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ConfigurationsVisitor)
    }
}

struct ConfigurationsVisitor;

impl<'de> Visitor<'de> for ConfigurationsVisitor {
    type Value = Configurations;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a list of configurations, the name of a file such as \"configurations.csv\", or \
             { run = \"DIR\", best = 5 }",
        )
    }

    fn visit_str<E: Error>(self, file: &str) -> Result<Configurations, E> {
        Ok(Configurations::File(file.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Configurations, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Configurations::Listed)
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Configurations, A::Error> {
        Former::deserialize(MapAccessDeserializer::new(table)).map(Configurations::Former)
    }
}

fn ten_megabytes() -> Spanned<Bytes> {
    Spanned::new(0..0, Bytes(10_000_000))
}

fn ten_seconds() -> Seconds {
    Seconds(10.0)
}
