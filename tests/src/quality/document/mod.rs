//! The page that tells what was found. All of its figures are computed, and so is what it says of them, except for the
//! section on attempts.

mod elsewhere;
mod frozen;
mod plots;
mod table;
mod verdict;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::study::{PROVED, REFERENCE};
use super::{Column, Family, Group, Part};

/// The floor.
const OPTIMUM: Column = Column::Optimum;
/// A configuration that costs more than this many times the reference is a reason against.
const WORST: f64 = 1.1;
/// What was tried and not adopted, with the figures of that time.
const ATTEMPTS: &str = include_str!("attempts.md");

/// Name of the page, and how the names of its plots begin.
const NAME: &str = "decision-quality";

/// All that was run.
pub struct Study {
    /// The command that did.
    pub command: String,
    /// The policies on frozen runs of all families.
    pub frozen: Part,
    /// The policies under other conditions, by what these are.
    pub elsewhere: Vec<(String, Part)>,
    /// The policies where training again takes time.
    pub live: Part,
}

impl Study {
    /// Writes the page and its plots into a folder.
    ///
    /// # Errors
    ///
    /// Files that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let write = |file: String, text: &str| {
            let path = folder.join(file);
            fs::write(&path, text).with_context(|| path.display().to_string())
        };
        for group in GROUPS {
            let file = format!("{NAME}-{}.svg", slug(group));
            write(file, &ended(plots::cost(&self.frozen, group)))?;
        }
        let ratios = plots::ratios(&self.frozen, PROVED, REFERENCE);
        write(format!("{NAME}-ratios.svg"), &ended(ratios))?;
        write(format!("{NAME}.md"), &self.page())
    }

    fn page(&self) -> String {
        [
            self.opening(),
            verdict::section(self),
            frozen::section(self),
            elsewhere::section(self),
            ATTEMPTS.to_owned(),
        ]
        .join("\n")
    }

    fn opening(&self) -> String {
        let plan = &self.frozen.plan;
        let (first, last) = (plan.seeds[0], plan.seeds[plan.seeds.len() - 1]);
        format!(
            "# Which checkpoints to remove\n\n\
             This page is written by `{command}`; except for the last section nothing in it is written by\n\
             hand, and the same sources write the same page.\n\n\
             ## What was asked\n\n\
             Which policy loses the least when the budget bites? The loss of a run is what must be\n\
             trained again: the sum of the rung levels of trials that are resumed although their\n\
             checkpoint was removed.\n\n\
             ## Set-up\n\n\
             - *Frozen runs.* Promotion-type successive halving is simulated once for each family of\n  \
             curves, reduction factor, number of workers and seed, with room for all checkpoints.\n  \
             Removals do not change such a run, so each policy and budget is replayed on the very same\n  \
             events, and the least that any choice could have lost is known (a min-cost flow). A\n  \
             replay loses exactly what `rungkeeper simulate --frozen` loses; a test says so.\n\
             - *Settings.* eta {etas}; {workers} workers; budgets of C = {spare} checkpoints beyond\n  \
             those of the running trials; seeds {first} to {last}; one bracket; promotion of the top\n  \
             fraction. The number of reports ends a run, and it is announced.\n\
             - *Families.* By the *choosing* families scores may be chosen. The *check* families tell\n  \
             whether the choice holds elsewhere.\n\
             - *Ties.* A new equal of a trial stands behind it. So the rank-aware score counts only those\n  \
             arrivals as better that are strictly better. That follows from the promotion rule; it was\n  \
             not adopted for its figures, which are those of *ranks alone* among the attempts, turned\n  \
             around.\n\
             - *geo* is the geometric mean over runs of (cost + s) / (reference's cost + s), s being 1 %\n  \
             of the levels of all resumed trials: each run counts alike. *arith* is the mean of cost\n  \
             over resumed levels, divided by that mean of the reference: costly runs count more. Under 1\n  \
             is better than the reference, which is `{REFERENCE}` unless another is named.\n\
             - *Intervals* are 95 % percentile bootstrap intervals over seeds, all runs of a seed\n  \
             together. *Worst* is the largest geo of a configuration (family, eta, workers, C) over\n  \
             its seeds.\n\n{families}",
            command = self.command,
            etas = list(&plan.etas),
            workers = list(&plan.workers),
            spare = list(&plan.spare),
            families = families(&plan.families),
        )
    }
}

const GROUPS: [Group; 2] = [Group::Choosing, Group::Check];

/// The first word of its name.
fn slug(group: Group) -> &'static str {
    group.name().trim_end_matches(" families")
}

/// Numbers with commas between.
fn list(values: &[u64]) -> String {
    let words: Vec<String> = values.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// With a newline at its end.
fn ended(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn families(families: &[Family]) -> String {
    let mut table = table::Table::new(&["family", "group", "reports", "curves"]);
    for family in families {
        table.row(&[
            family.name.to_owned(),
            family.group.name().to_owned(),
            family.reports.to_string(),
            family.about(),
        ]);
    }
    table.finish()
}
