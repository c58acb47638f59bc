//! The policies on frozen runs.

use super::table::{Table, percent, ratio, with_interval};
use super::{GROUPS, NAME, OPTIMUM, PROVED, REFERENCE, Study, plots, slug};
use crate::quality::{Column, Group, Of, POLICIES, Part};

pub(super) fn section(study: &Study) -> String {
    let part = &study.frozen;
    let mut text = "## The policies on frozen runs\n".to_owned();
    for group in GROUPS {
        let (first, rest) = group.name().split_at(1);
        let first = first.to_uppercase();
        text += &format!("\n### {first}{rest}\n\n{}", by_budget(part, group));
        text += &format!(
            "\n![Share of the resumed levels that is lost, by budget: from {} % down]({NAME}-{}.svg)\n",
            plots::highest(part, group),
            slug(group),
        );
    }
    text += &format!(
        "\n### Family by family\n\n`{PROVED}` over `{REFERENCE}`, all settings and budgets:\n\n{}\n\
         ![The same as a plot]({NAME}-ratios.svg)\n",
        by_family(part)
    );
    text
}

/// Two tables, geo and arith: a row for each policy and the optimum, a column for each budget.
fn by_budget(part: &Part, group: Group) -> String {
    let of = |spare| Of::group(group).with_spare(spare);
    let mut heads = vec!["ratio to the reference".to_owned()];
    heads.extend(part.plan.spare.iter().map(|spare| format!("C = {spare}")));
    heads.push("all [95 %]".to_owned());
    heads.push("worst".to_owned());
    let mut table = Table::new(&heads);
    let budgets = || part.plan.spare.iter().map(|&spare| Some(spare));
    let mut first = vec!["reference's cost, % of resumed levels".to_owned()];
    for spare in budgets().chain([None]) {
        let found = part.compare(of(spare), REFERENCE, REFERENCE);
        first.push(found.map_or_else(String::new, |found| percent(found.share)));
    }
    first.push(String::new());
    table.row(&first);
    let policies = (1..POLICIES.len()).map(Column::Policy);
    for column in policies.chain([OPTIMUM]) {
        let Some(all) = part.compare(of(None), column, REFERENCE) else {
            continue;
        };
        let (mut geo, mut arith) = (
            vec![format!("{column}, geo")],
            vec![format!("{column}, arith")],
        );
        for spare in budgets() {
            let found = part.compare(of(spare), column, REFERENCE);
            let cells = found.map(|found| (ratio(found.geo.estimate), ratio(found.arith.estimate)));
            let (of_geo, of_arith) = cells.unwrap_or_default();
            geo.push(of_geo);
            arith.push(of_arith);
        }
        geo.extend([with_interval(&all.geo), ratio(all.worst)]);
        arith.extend([with_interval(&all.arith), String::new()]);
        table.row(&geo);
        table.row(&arith);
    }
    table.finish()
}

fn by_family(part: &Part) -> String {
    let mut table = Table::new(&[
        "family",
        "reference's cost, %",
        "geo",
        "arith",
        "worst",
        "least possible, geo",
        "least possible, arith",
    ]);
    for (place, family) in part.plan.families.iter().enumerate() {
        let of = Of::family(place);
        let cost = part.compare(of, REFERENCE, REFERENCE);
        let proved = part.compare(of, PROVED, REFERENCE);
        let least = part.compare(of, OPTIMUM, REFERENCE);
        if let (Some(cost), Some(proved), Some(least)) = (cost, proved, least) {
            table.row(&[
                family.name.to_owned(),
                percent(cost.share),
                with_interval(&proved.geo),
                with_interval(&proved.arith),
                ratio(proved.worst),
                ratio(least.geo.estimate),
                ratio(least.arith.estimate),
            ]);
        }
    }
    table.finish()
}
