//! Attempts at a better score.

use super::table::{Table, ratio, with_fine_interval};
use super::{PROVED, REFERENCE, Study};
use crate::quality::Group;
use crate::quality::measures::Comparison;
use crate::quality::part::{Of, Part};
use crate::quality::study::{Column, Configuration, Contender};

/// A configuration that costs more than this many times the reference is a reason against.
pub(super) const WORST: f64 = 1.1;

pub(super) fn section(study: &Study) -> String {
    let part = &study.attempts;
    let mut table = Table::new(&[
        "attempt",
        "choosing, geo",
        "choosing, arith",
        "check, geo",
        "check, arith",
        "worst",
        "verdict",
    ]);
    let own = part.compare(Of::default(), part.column(PROVED), part.column(REFERENCE));
    let own = own.map_or(f64::NAN, |found| found.worst);
    for contender in of(part) {
        let found = Found::new(part, contender);
        table.row(&[
            contender.name.to_owned(),
            with_fine_interval(&found.choosing.geo),
            with_fine_interval(&found.choosing.arith),
            with_fine_interval(&found.check.geo),
            with_fine_interval(&found.check.arith),
            ratio(found.worst),
            found.verdict().to_owned(),
        ]);
    }
    let list: String = of(part)
        .map(|contender| format!("- *{}*: {}.\n", contender.name, contender.about))
        .collect();
    let seeds = &part.plan.seeds;
    format!(
        "## Attempts\n\n\
         Each is the rank-aware score with other arguments, or put to another use. Ratios are over\n\
         `{PROVED}`; *worst* is over `{REFERENCE}`, over all families. *Holds* says: on the choosing\n\
         and on the check families geo and arith are not worse, on the check families the intervals\n\
         of both are below 1, and no configuration costs more than {WORST} times the reference.\n\
         Fewer runs than above: eta {}; {} workers; seeds {} to {}; without the fractional rungs.\n\
         With so few seeds a configuration may be bad by chance: `{PROVED}` itself has {} at its worst\n\
         here.\n\n{list}\n{}",
        super::list(&part.plan.etas),
        super::list(&part.plan.workers),
        seeds[0],
        seeds[seeds.len() - 1],
        ratio(own),
        table.finish()
    )
}

/// The attempts among the contenders.
pub(super) fn of(part: &Part) -> impl Iterator<Item = &Contender> {
    let policies = crate::quality::contenders::POLICIES;
    part.contenders
        .iter()
        .filter(move |contender| !policies.contains(&contender.name))
}

/// What an attempt came to.
pub(super) struct Found {
    choosing: Comparison<Configuration>,
    check: Comparison<Configuration>,
    worst: f64,
}

impl Found {
    pub(super) fn new(part: &Part, contender: &Contender) -> Self {
        let column = part.column(contender.name);
        let over = |group, reference: Column| {
            let of = Of {
                group,
                ..Of::default()
            };
            let found = part.compare(of, column, reference);
            found.expect("there are runs of both groups")
        };
        let proved = part.column(PROVED);
        Self {
            choosing: over(Some(Group::Choosing), proved),
            check: over(Some(Group::Check), proved),
            worst: over(None, part.column(REFERENCE)).worst,
        }
    }

    /// Whether it is worth adopting.
    pub(super) fn holds(&self) -> bool {
        let not_worse = self.choosing.geo.estimate <= 1.0 && self.choosing.arith.estimate <= 1.0;
        let better = self.check.geo.is_below(1.0) && self.check.arith.is_below(1.0);
        not_worse && better && self.worst <= WORST
    }

    fn verdict(&self) -> &'static str {
        let better = |found: &Comparison<Configuration>| {
            let (geo, arith) = (&found.geo, &found.arith);
            (geo.is_below(1.0) || arith.is_below(1.0)) && !geo.is_above(1.0) && !arith.is_above(1.0)
        };
        let worse = |found: &Comparison<Configuration>| {
            found.geo.is_above(1.0) || found.arith.is_above(1.0)
        };
        if self.holds() {
            "holds"
        } else if worse(&self.check) {
            "worse on the check families"
        } else if worse(&self.choosing) {
            "worse on the choosing families"
        } else {
            match (better(&self.choosing), better(&self.check)) {
                (true, true) => "better on both, but not by both measures or not everywhere",
                (true, false) => "better on the choosing families only",
                (false, true) => "better on the check families only",
                (false, false) => "no gain shown",
            }
        }
    }
}
