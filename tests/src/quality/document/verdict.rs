//! What is confirmed and what is not, as the figures say.

use std::collections::BTreeSet;

use super::table::{ratio, with_interval};
use super::{GROUPS, OPTIMUM, PROVED, REFERENCE, Study, WORST};
use crate::quality::measures::Comparison;
use crate::quality::{Group, Of, Part};

pub(super) fn section(study: &Study) -> String {
    let mut points = Vec::new();
    for group in GROUPS {
        points.extend(less(
            &study.frozen,
            Of::group(group),
            &format!("on the {}", group.name()),
        ));
    }
    points.extend(worst(&study.frozen));
    for (name, part) in &study.elsewhere {
        points.extend(less(part, Of::default(), &format!("with {name}")));
    }
    points.extend(less(
        &study.live,
        Of::default(),
        "where training again takes time",
    ));
    points.extend(worst_elsewhere(study));
    points.extend(gap(&study.frozen));
    points.extend(way(&study.frozen));
    let attempts = "None of 11 attempts at a better score was worth adopting.";
    points.push(attempts.to_owned());
    let list: String = points.iter().map(|point| format!("- {point}\n")).collect();
    format!("## What is confirmed, and what is not\n\n{list}")
}

/// Whether the proved policy loses less than the reference.
fn less(part: &Part, of: Of, where_: &str) -> Option<String> {
    let found = part.compare(of, PROVED, REFERENCE)?;
    let Comparison { geo, arith, .. } = &found;
    let word = if geo.is_below(1.0) && arith.is_below(1.0) {
        "Confirmed"
    } else if geo.is_above(1.0) || arith.is_above(1.0) {
        "Refuted"
    } else {
        "Not confirmed"
    };
    Some(format!(
        "{word}: {where_} `{PROVED}` loses less than `{REFERENCE}`: geo {}, arith {}.",
        with_interval(geo),
        with_interval(arith)
    ))
}

/// Whether it is anywhere much worse.
fn worst(part: &Part) -> Option<String> {
    let found = part.compare(Of::default(), PROVED, REFERENCE)?;
    let all = part.rows.iter().map(|row| row.configuration);
    let configurations = all.collect::<BTreeSet<_>>().len();
    let word = if found.worst <= WORST {
        "Confirmed"
    } else {
        "Refuted"
    };
    Some(format!(
        "{word}: of {configurations} configurations none costs more than {WORST} times the \
         reference: the worst has geo {} ({}).",
        ratio(found.worst),
        part.describe(found.worst_at)
    ))
}

/// Under which other conditions it is much worse somewhere.
fn worst_elsewhere(study: &Study) -> Option<String> {
    let conditions = (study.elsewhere.iter()).map(|(name, part)| (format!("with {name}"), part));
    let live = ("where training again takes time".to_owned(), &study.live);
    let bad: Vec<String> = conditions
        .chain([live])
        .filter_map(|(name, part)| {
            let (column, reference) = (PROVED, REFERENCE);
            let found = part.compare(Of::default(), column, reference)?;
            let seeds = part.plan.seeds.len();
            let (worst, at) = (ratio(found.worst), part.describe(found.worst_at));
            (found.worst > WORST).then(|| format!("{name} {worst} ({at}; {seeds} seeds)"))
        })
        .collect();
    (!bad.is_empty()).then(|| {
        let bad = bad.join("; ");
        format!("Not confirmed under other conditions: that none costs more than {WORST} times the reference. The worst geo of a configuration is, {bad}.")
    })
}

/// How far all of it is from the floor.
fn gap(part: &Part) -> Option<String> {
    let least = part.plan.spare.iter().min().copied();
    let over = |spare| part.compare(Of::default().with_spare(spare), PROVED, OPTIMUM);
    let (all, tight) = (over(None)?, over(least)?);
    Some(format!(
        "Open: `{PROVED}` still costs {} times the {OPTIMUM} (geo; {} times at C = {}). The floor \
         knows what is to come, which no policy does, so not all of that can be gained.",
        with_interval(&all.geo),
        ratio(tight.geo.estimate),
        least.unwrap_or_default()
    ))
}

/// How much of the way from the reference to the floor is done.
fn way(part: &Part) -> Option<String> {
    let done = |group: Group| {
        let reference = REFERENCE;
        let over_reference = |column| part.compare(Of::group(group), column, reference);
        let (proved, least) = (over_reference(PROVED)?, over_reference(OPTIMUM)?);
        let share = |proved: f64, least: f64| 100.0 * (1.0 - proved) / (1.0 - least);
        Some(format!(
            "{:.0} % in geo and {:.0} % in arith on the {}",
            share(proved.geo.estimate, least.geo.estimate),
            share(proved.arith.estimate, least.arith.estimate),
            group.name()
        ))
    };
    let done: Vec<String> = GROUPS.into_iter().filter_map(done).collect();
    (!done.is_empty()).then(|| {
        format!(
            "Of the way from `{REFERENCE}` to the {OPTIMUM} it has gone {}. Half was the aim.",
            done.join(", ")
        )
    })
}
