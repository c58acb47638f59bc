//! The page that tells what was found. All of its figures are computed, and so is what it says of them, except for the
//! section on attempts.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::compare::{Comparison, Interval, ratio};
use crate::families::{CHECK, CHOOSING, Family};
use crate::plots;
use crate::runs::{OPTIMUM, POLICIES, PROVED, Part, REFERENCE, all};

/// A configuration that costs more than this many times the reference is a reason against.
const WORST: f64 = 1.1;
const GROUPS: [&str; 2] = [CHOOSING, CHECK];

/// Name of the page, and how the names of its plots begin.
const NAME: &str = "decision-quality";

/// All that was run.
pub(crate) struct Study {
    /// The command that did.
    pub(crate) command: String,
    /// The policies on frozen runs of all families.
    pub(crate) frozen: Part,
    /// The policies under other conditions, by what these are; the last of these: training again takes time.
    pub(crate) others: Vec<(&'static str, Part)>,
}

impl Study {
    /// Writes the page and its plots into a folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let write = |file: String, text: String| {
            let path = folder.join(file);
            fs::write(&path, text).with_context(|| path.display().to_string())
        };
        for group in GROUPS {
            let cost = plots::cost(&self.frozen, group);
            write(format!("{NAME}-{group}.svg"), cost)?;
        }
        write(format!("{NAME}-ratios.svg"), plots::ratios(&self.frozen))?;
        write(format!("{NAME}.md"), self.page())
    }

    fn page(&self) -> String {
        let (frozen, plan) = (&self.frozen, &self.frozen.plan);
        let live = &self.others[self.others.len() - 1].1.plan;
        let some = self.others[0].1.plan.families.iter().map(|it| it.name);
        let least = plan.spare[0];
        let tight = frozen.compare(PROVED, OPTIMUM, |_, spare| spare == least);
        format!(
            include_str!("page.txt"),
            command = self.command,
            etas = list(&plan.etas),
            workers = list(&plan.workers),
            spare = list(&plan.spare),
            first = plan.seeds.start,
            last = plan.seeds.end - 1,
            families = families(&plan.families),
            verdict = self.verdict(),
            gap = frozen.compare(PROVED, OPTIMUM, all).geo,
            tight = ratio(tight.geo.estimate),
            least = least,
            way = GROUPS.map(|group| way(frozen, group)).join(", "),
            choosing = by_budget(frozen, CHOOSING),
            most_choosing = percent(plots::highest(frozen, CHOOSING)),
            check = by_budget(frozen, CHECK),
            most_check = percent(plots::highest(frozen, CHECK)),
            by_family = by_family(frozen),
            live_etas = list(&live.etas),
            live_workers = list(&live.workers),
            live_spare = list(&live.spare),
            seeds = live.seeds.clone().count(),
            some = some.collect::<Vec<_>>().join("; "),
            elsewhere = self.elsewhere(),
        )
    }

    /// What is confirmed and what is not, as the figures say.
    fn verdict(&self) -> String {
        let of_group = |group| {
            let found = self
                .frozen
                .over_reference(PROVED, |it, _| it.group == group);
            less(&format!("on the {group} families"), &found)
        };
        let mut points = GROUPS.map(of_group).to_vec();
        let (worst, at) = (self.frozen).worst(&self.frozen.over_reference(PROVED, all));
        points.push(format!(
            "{}: of {} configurations none costs more than {WORST} times the reference: the worst has geo {} ({at}).",
            if worst <= WORST { "Confirmed" } else { "Refuted" },
            self.frozen.len() / self.frozen.plan.seeds.clone().count(),
            ratio(worst),
        ));
        let mut bad = Vec::new();
        for (name, part) in &self.others {
            let found = part.over_reference(PROVED, all);
            points.push(less(name, &found));
            let (worst, at) = part.worst(&found);
            if worst > WORST {
                let seeds = part.plan.seeds.clone().count();
                bad.push(format!("{name} {} ({at}; {seeds} seeds)", ratio(worst)));
            }
        }
        if !bad.is_empty() {
            points.push(format!(
                "Not confirmed under other conditions: that none costs more than {WORST} times the reference. \
                 The worst geo of a configuration is, {}.",
                bad.join("; ")
            ));
        }
        format!("- {}\n", points.join("\n- "))
    }

    fn elsewhere(&self) -> String {
        let heads =
            "conditions|runs|reference's cost, %|geo|arith|worst|by_level, geo|by_level, arith";
        let rows = self.others.iter().map(|(name, part)| {
            let over_reference = |policy| part.over_reference(policy, all);
            let (proved, by_level) = (over_reference(PROVED), over_reference("by_level"));
            let (worst, at) = part.worst(&proved);
            let (_, conditions) = name.split_once(' ').unwrap_or_default();
            vec![
                conditions.to_owned(),
                part.len().to_string(),
                percent(over_reference(REFERENCE).share),
                proved.geo.to_string(),
                proved.arith.to_string(),
                format!("{} ({at})", ratio(worst)),
                ratio(by_level.geo.estimate),
                ratio(by_level.arith.estimate),
            ]
        });
        table(heads, rows)
    }
}

/// Whether the proved policy loses less than the reference.
fn less(conditions: &str, Comparison { geo, arith, .. }: &Comparison) -> String {
    let word = if geo.high < 1.0 && arith.high < 1.0 {
        "Confirmed"
    } else if geo.low > 1.0 || arith.low > 1.0 {
        "Refuted"
    } else {
        "Not confirmed"
    };
    format!(
        "{word}: {conditions} `{PROVED}` loses less than `{REFERENCE}`: geo {geo}, arith {arith}."
    )
}

/// How much of the way from the reference to the floor is done.
fn way(part: &Part, group: &str) -> String {
    let [proved, least] =
        [PROVED, OPTIMUM].map(|it| part.over_reference(it, |family, _| family.group == group));
    let share = |figure: fn(&Comparison) -> Interval| {
        100.0 * (1.0 - figure(&proved).estimate) / (1.0 - figure(&least).estimate)
    };
    let (geo, arith) = (share(|it| it.geo), share(|it| it.arith));
    format!("{geo:.0} % in geo and {arith:.0} % in arith on the {group} families")
}

fn families(families: &[Family]) -> String {
    let row = |family: &Family| {
        let group = format!("{} families", family.group);
        let reports = family.reports.to_string();
        vec![family.name.to_owned(), group, reports, family.about()]
    };
    table("family|group|reports|curves", families.iter().map(row))
}

/// Two rows, geo and arith, for each policy and the optimum; a column for each budget.
fn by_budget(part: &Part, group: &str) -> String {
    let spare = &part.plan.spare;
    let over_reference = |policy: &str| {
        let at = |&spare| part.over_reference(policy, |it, of| it.group == group && of == spare);
        let each: Vec<_> = spare.iter().map(at).collect();
        (each, part.over_reference(policy, |it, _| it.group == group))
    };
    let (each, all) = over_reference(REFERENCE);
    let mut first = vec!["reference's cost, % of resumed levels".to_owned()];
    first.extend(each.iter().chain([&all]).map(|it| percent(it.share)));
    first.push(String::new());
    let mut rows = vec![first];
    for policy in POLICIES.into_iter().skip(1).chain([OPTIMUM]) {
        let (each, all) = over_reference(policy);
        let row = |name, figure: fn(&Comparison) -> Interval, worst| {
            let mut row = vec![format!("{policy}, {name}")];
            row.extend(each.iter().map(|it| ratio(figure(it).estimate)));
            row.extend([figure(&all).to_string(), worst]);
            row
        };
        rows.push(row("geo", |it| it.geo, ratio(all.worst)));
        rows.push(row("arith", |it| it.arith, String::new()));
    }
    let budgets: Vec<_> = spare.iter().map(|spare| format!("C = {spare}")).collect();
    let heads = format!(
        "ratio to the reference|{}|all [95 %]|worst",
        budgets.join("|")
    );
    table(&heads, rows)
}

fn by_family(part: &Part) -> String {
    let row = |family: &Family| {
        let over_reference = |it| part.over_reference(it, |it, _| it.name == family.name);
        let (proved, least) = (over_reference(PROVED), over_reference(OPTIMUM));
        vec![
            family.name.to_owned(),
            percent(over_reference(REFERENCE).share),
            proved.geo.to_string(),
            proved.arith.to_string(),
            ratio(proved.worst),
            ratio(least.geo.estimate),
            ratio(least.arith.estimate),
        ]
    };
    let heads =
        "family|reference's cost, %|geo|arith|worst|least possible, geo|least possible, arith";
    table(heads, part.plan.families.iter().map(row))
}

/// A table in Markdown, its heads with bars between.
fn table(heads: &str, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let heads: Vec<String> = heads.split('|').map(ToOwned::to_owned).collect();
    let line = format!("|{}", "---|".repeat(heads.len()));
    let row = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let mut lines = vec![row(heads), line];
    lines.extend(rows.into_iter().map(row));
    lines.join("\n") + "\n"
}

/// Numbers with commas between.
fn list(values: &[u64]) -> String {
    let words: Vec<String> = values.iter().map(ToString::to_string).collect();
    words.join(", ")
}

/// A share in percent: 2.35.
fn percent(share: f64) -> String {
    format!("{:.2}", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_have_heads_a_line_and_rows() {
        let table = table("a|b", [vec![ratio(0.918), percent(0.0235)]]);
        assert_eq!(table, "| a | b |\n|---|---|\n| 0.92 | 2.35 |\n");
    }
}
