//! The tables of the file as they are written, with the places of what is checked later.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rungkeeper_rung_model::Mode;
use rungkeeper_score::PromotionRule;
use serde::Deserialize;
use toml::Spanned;

use super::search::SearchTable;
use super::units::{Bytes, Seconds};
use crate::protocol::Protocol;
use rungkeeper_tuner::search_space::{Configuration, SearchSpace};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: Spanned<String>,
    pub(super) command: Spanned<Vec<Spanned<String>>>,
    #[serde(default = "here")]
    pub(super) directory: PathBuf,
    #[serde(default)]
    pub(super) protocol: Protocol,
    pub(super) metric: Spanned<String>,
    #[serde(default)]
    pub(super) mode: Mode,
    pub(super) resource: Spanned<String>,
    #[serde(default = "one")]
    pub(super) workers: Spanned<u64>,
    #[serde(default)]
    pub(super) environment: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) slots: Option<Spanned<Vec<BTreeMap<String, String>>>>,
    pub(super) space: SearchSpace,
    #[serde(default)]
    pub(super) configurations: Option<Spanned<Vec<Configuration>>>,
    #[serde(default)]
    pub(super) search: SearchTable,
    pub(super) scheduler: Spanned<Scheduler>,
    #[serde(default)]
    pub(super) budget: Option<Spanned<BudgetTable>>,
    #[serde(default)]
    pub(super) stop: Option<Spanned<Stop>>,
    #[serde(default)]
    pub(super) store: Store,
    #[serde(default)]
    pub(super) failures: Failures,
    #[serde(default = "ten_seconds")]
    pub(super) grace: Seconds,
    #[serde(default = "ten_megabytes")]
    pub(super) output: Spanned<Bytes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scheduler {
    pub(super) max_resource: Spanned<u64>,
    pub(super) grace_period: Option<u64>,
    pub(super) reduction_factor: Option<u64>,
    pub(super) levels: Option<Spanned<Vec<u64>>>,
    #[serde(default)]
    pub(super) brackets: Option<Spanned<usize>>,
    #[serde(default)]
    pub(super) own_rungs: bool,
    #[serde(default)]
    pub(super) promotion_rule: PromotionRule,
    #[serde(default)]
    pub(super) seed: u64,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BudgetTable {
    pub(super) policy: Option<Spanned<String>>,
    pub(super) policy_seed: u64,
    pub(super) max_checkpoints: Option<Spanned<u64>>,
    pub(super) max_bytes: Option<Bytes>,
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

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Stop {
    pub(super) wall_clock: Option<Seconds>,
    pub(super) trials: Option<u64>,
    pub(super) reports: Option<u64>,
    pub(super) total_resource: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Store {
    pub(super) location: Option<Spanned<String>>,
    pub(super) cache: Option<Spanned<PathBuf>>,
    pub(super) timeout: Option<Spanned<Seconds>>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Failures {
    pub(super) retries: u64,
    pub(super) max_failed_trials: Option<u64>,
    pub(super) max_without_report: Option<Spanned<u64>>,
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

fn here() -> PathBuf {
    PathBuf::from(".")
}

fn one() -> Spanned<u64> {
    Spanned::new(0..0, 1)
}

fn ten_megabytes() -> Spanned<Bytes> {
    Spanned::new(0..0, Bytes(10_000_000))
}

fn ten_seconds() -> Seconds {
    Seconds(10.0)
}
