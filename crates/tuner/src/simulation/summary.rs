//! From the results of a grid to what a person wants to know.

use crate::simulation::CellResult;

/// Share of the training, in percent, that is added to both costs before their ratio is taken, so
/// that a cost of 0 has one: one unit in 10,000.
const LEAST_PERCENT: f64 = 0.01;

/// Runs that differ in nothing but the seed.
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// Name of the curves.
    pub curves: String,
    /// Reduction factor; 0 for a list of levels.
    pub eta: u64,
    /// Number of workers.
    pub workers: u64,
    /// Name of the policy.
    pub policy: String,
    /// Budget.
    pub budget: u64,
    /// Number of seeds.
    pub seeds: usize,
    /// Resource to be trained again, in percent of the training.
    pub cost_percent: Spread,
    /// The least that any choice of checkpoints could have cost, likewise; on frozen schedules.
    pub optimum_percent: Option<Spread>,
    /// Seconds to be trained again, in percent of the seconds trained.
    pub seconds_percent: Spread,
    /// Most checkpoints at any time, over all seeds.
    pub peak_checkpoints: u64,
}

/// Mean and range over seeds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    /// Arithmetic mean.
    pub mean: f64,
    /// Smallest value.
    pub least: f64,
    /// Largest value.
    pub most: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        Self {
            mean: values.iter().sum::<f64>() / values.len() as f64,
            least: values.iter().copied().fold(f64::INFINITY, f64::min),
            most: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

impl SummaryRow {
    fn new(cells: &[&CellResult]) -> Self {
        let first = cells[0];
        let spread = |value: &dyn Fn(&CellResult) -> f64| {
            Spread::of(&cells.iter().map(|cell| value(cell)).collect::<Vec<f64>>())
        };
        let of_training =
            |part: u64, cell: &CellResult| percent(part as f64, cell.trained_resources as f64);
        let optimum = |cell: &CellResult| of_training(cell.optimum.unwrap_or(0), cell);
        Self {
            curves: first.curves.clone(),
            eta: first.eta,
            workers: first.workers,
            policy: first.policy.clone(),
            budget: first.budget,
            seeds: cells.len(),
            cost_percent: spread(&|cell| of_training(cell.cost_resources, cell)),
            optimum_percent: first.optimum.map(|_| spread(&optimum)),
            seconds_percent: spread(&|cell| percent(cell.cost_seconds, cell.trained_seconds)),
            peak_checkpoints: cells
                .iter()
                .map(|cell| cell.peak_checkpoints)
                .max()
                .unwrap_or(0),
        }
    }

    /// Whether the other row differs in nothing but the policy.
    fn is_beside(&self, other: &Self) -> bool {
        (&self.curves, self.eta, self.workers, self.budget)
            == (&other.curves, other.eta, other.workers, other.budget)
    }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        100.0 * part / whole
    } else {
        0.0
    }
}

/// Joins the seeds of each combination. Rows are in the order in which combinations first appear.
#[must_use]
pub fn summarize(results: &[CellResult]) -> Vec<SummaryRow> {
    let mut groups: Vec<Vec<&CellResult>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for cell in results {
        let key = (
            &cell.curves,
            cell.eta,
            cell.workers,
            cell.budget,
            &cell.policy,
        );
        let place = *places.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[place].push(cell);
    }
    groups.iter().map(|cells| SummaryRow::new(cells)).collect()
}

/// The smallest budget of the rows with which the policy costs less than `percent` percent of the
/// training, in the mean over the seeds. `None` where there is none.
///
/// Rows are those of one combination of curves, levels and workers, with any policies.
#[must_use]
pub fn smallest_budget(rows: &[SummaryRow], policy: &str, percent: f64) -> Option<u64> {
    rows.iter()
        .filter(|row| row.policy == policy && row.cost_percent.mean < percent)
        .map(|row| row.budget)
        .min()
}

/// Geometric mean, over all combinations that have both, of the cost of a policy over that of
/// another one. To both costs a unit in 10,000 of the training is added. `None` where no
/// combination has both.
#[must_use]
pub fn geometric_mean_ratio(rows: &[SummaryRow], policy: &str, other: &str) -> Option<f64> {
    let pairs = rows
        .iter()
        .filter(|row| row.policy == policy)
        .filter_map(|row| {
            let other = rows
                .iter()
                .find(|r| r.policy == other && r.is_beside(row))?;
            Some((row.cost_percent.mean, other.cost_percent.mean))
        });
    geometric_mean(pairs)
}

/// As [`geometric_mean_ratio`], over the least that any choice of checkpoints could have cost.
/// `None` where no optimum is known.
#[must_use]
pub fn geometric_mean_over_optimum(rows: &[SummaryRow], policy: &str) -> Option<f64> {
    let pairs = rows
        .iter()
        .filter(|row| row.policy == policy)
        .filter_map(|row| {
            let optimum = row.optimum_percent?;
            Some((row.cost_percent.mean, optimum.mean))
        });
    geometric_mean(pairs)
}

fn geometric_mean(pairs: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0);
    for (one, other) in pairs {
        sum += libm::log((one + LEAST_PERCENT) / (other + LEAST_PERCENT));
        count += 1;
    }
    (count > 0).then(|| libm::exp(sum / f64::from(count)))
}
