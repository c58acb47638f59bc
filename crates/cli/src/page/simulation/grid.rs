//! The cells of one file of curves, one reduction factor and one number of workers, by policy and budget.

use rungkeeper_tuner::simulation::{CellResult, Spread, SummaryRow, smallest_budget, summarize};
use rungkeeper_tuner_hooks::PolicySpec;

use super::super::palette::{self, Ink};
use super::super::{numbers, policy_name};
use super::GOAL;

/// A policy of the grid.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Policy<'a> {
    key: &'a str,
    /// As it is called in text.
    pub(super) name: String,
    pub(super) ink: Ink,
}

/// What was simulated on the same curves in the same way.
pub(super) struct Grid<'a> {
    pub(super) curves: &'a str,
    eta: u64,
    workers: u64,
    pub(super) policies: Vec<Policy<'a>>,
    /// In ascending order.
    pub(super) budgets: Vec<u64>,
    /// In ascending order.
    pub(super) seeds: Vec<u64>,
    cells: Vec<&'a CellResult>,
    rows: Vec<SummaryRow>,
}

impl<'a> Grid<'a> {
    /// One grid for each file of curves, reduction factor and number of workers, in the order of their first cells.
    pub(super) fn split(cells: &'a [CellResult]) -> Vec<Self> {
        let mut grids: Vec<Self> = Vec::new();
        let rows = summarize(cells);
        for cell in cells {
            let known = grids
                .iter_mut()
                .find(|grid| grid.takes(&cell.curves, cell.eta, cell.workers));
            match known {
                Some(grid) => grid.cells.push(cell),
                None => grids.push(Self::of(cell)),
            }
        }
        for grid in &mut grids {
            grid.policies = policies(&grid.cells);
            grid.budgets = ascending(grid.cells.iter().map(|cell| cell.budget));
            grid.seeds = ascending(grid.cells.iter().map(|cell| cell.seed));
            let own = rows
                .iter()
                .filter(|row| grid.takes(&row.curves, row.eta, row.workers));
            grid.rows = own.cloned().collect();
        }
        grids
    }

    fn of(cell: &'a CellResult) -> Self {
        Self {
            curves: &cell.curves,
            eta: cell.eta,
            workers: cell.workers,
            policies: Vec::new(),
            budgets: Vec::new(),
            seeds: Vec::new(),
            cells: vec![cell],
            rows: Vec::new(),
        }
    }

    fn takes(&self, curves: &str, eta: u64, workers: u64) -> bool {
        (self.curves, self.eta, self.workers) == (curves, eta, workers)
    }

    pub(super) fn title(&self) -> String {
        let workers = numbers::of(self.workers, "worker");
        match self.eta {
            0 => format!("{}, {workers}", self.curves),
            eta => format!("{}, reduction factor {eta}, {workers}", self.curves),
        }
    }

    /// What its figures are means of.
    pub(super) fn seeds_in_words(&self) -> String {
        match self.seeds.len() {
            1 => "one seed".to_owned(),
            several => format!("means over {several}\u{a0}seeds"),
        }
    }

    /// The cells of a policy at a budget, one a seed.
    pub(super) fn cells(
        &self,
        policy: &Policy<'_>,
        budget: u64,
    ) -> impl Iterator<Item = &'a CellResult> {
        let key = policy.key;
        let cells = self.cells.iter().copied();
        cells.filter(move |cell| cell.policy == key && cell.budget == budget)
    }

    /// The cost in per cent of the training.
    pub(super) fn cost(&self, policy: &Policy<'_>, budget: u64) -> Option<Spread> {
        let mut rows = self.rows.iter();
        let row = rows.find(|row| row.policy == policy.key && row.budget == budget);
        row.map(|row| row.cost_percent)
    }

    /// The mean of a figure over the seeds; 0 where there are none.
    pub(super) fn mean(
        &self,
        policy: &Policy<'_>,
        budget: u64,
        figure: impl Fn(&CellResult) -> f64,
    ) -> f64 {
        let figures: Vec<f64> = self.cells(policy, budget).map(figure).collect();
        figures.iter().sum::<f64>() / figures.len().max(1) as f64
    }

    /// The mean optimum at a budget in per cent of the training: that of the schedule which all policies saw.
    pub(super) fn optimum(&self, budget: u64) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.budget == budget)?;
        row.optimum_percent.map(|optimum| optimum.mean)
    }

    /// The smallest budget with which, and with each larger one, the policy costs less than the goal; and its cost.
    pub(super) fn enough(&self, policy: &Policy<'_>) -> Option<(u64, f64)> {
        let budget = smallest_budget(&self.rows, policy.key, GOAL)?;
        Some((budget, self.cost(policy, budget)?.mean))
    }

    /// The budget to look at closely: the largest at which every policy lost something, or else the tightest.
    pub(super) fn focus(&self) -> u64 {
        let lost = |policy: &Policy<'_>, budget| {
            self.cells(policy, budget)
                .any(|cell| cell.cost_resources > 0)
        };
        let mut budgets = self.budgets.iter().rev().copied();
        let lossy = budgets.find(|&budget| self.policies.iter().all(|policy| lost(policy, budget)));
        lossy.or_else(|| self.budgets.first().copied()).unwrap_or(0)
    }
}

fn ascending(values: impl Iterator<Item = u64>) -> Vec<u64> {
    let set: std::collections::BTreeSet<u64> = values.collect();
    set.into_iter().collect()
}

/// The policies in the order of their first cells. Those that there are have the same ink on every page.
fn policies<'a>(cells: &[&'a CellResult]) -> Vec<Policy<'a>> {
    let mut found: Vec<Policy<'a>> = Vec::new();
    let mut others = PolicySpec::NAMES.len()..;
    for cell in cells {
        let key = cell.policy.as_str();
        if found.iter().any(|policy| policy.key == key) {
            continue;
        }
        let known = PolicySpec::NAMES.iter().position(|name| *name == key);
        let Some(index) = known.or_else(|| others.next()) else {
            continue;
        };
        found.push(Policy {
            key,
            name: policy_name(key),
            ink: palette::series(index),
        });
    }
    found
}
