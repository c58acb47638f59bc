//! Other conditions, and runs in which training again takes its time.

use super::table::{Table, percent, ratio, with_interval};
use super::{PROVED, REFERENCE, Study, list};
use crate::quality::study::BY_LEVEL;
use crate::quality::{Of, Part};

pub(super) fn section(study: &Study) -> String {
    let mut table = Table::new(&[
        "conditions",
        "runs",
        "reference's cost, %",
        "geo",
        "arith",
        "worst",
        "by_level, geo",
        "by_level, arith",
    ]);
    for (name, part) in &study.elsewhere {
        row(&mut table, name, part);
    }
    row(&mut table, "training again takes time", &study.live);
    let live = &study.live.plan;
    let some = study.elsewhere.first().map(|(_, part)| &part.plan.families);
    let some: Vec<&str> = some
        .into_iter()
        .flatten()
        .map(|family| family.name)
        .collect();
    format!(
        "## Under other conditions\n\n\
         `{PROVED}` over `{REFERENCE}` where more train at a time, where three brackets share the\n\
         rungs, and where the announced end is wrong: the run stops at half or at twice the number of\n\
         reports that was announced. These are frozen runs too.\n\n\
         In the last row training again takes its time, so each policy has a run of its own, which\n\
         ends after the seconds that the frozen run took (all families; eta {}; {} workers; C = {}).\n\
         Costs are compared with the levels resumed in the frozen run. All of this is on {} seeds, and\n\
         the frozen runs on the families {}.\n\n{}",
        list(&live.etas),
        list(&live.workers),
        list(&live.spare),
        live.seeds.len(),
        some.join("; "),
        table.finish()
    )
}

fn row(table: &mut Table, name: &str, part: &Part) {
    let over_reference = |column| part.compare(Of::default(), column, REFERENCE);
    let (cost, proved) = (over_reference(REFERENCE), over_reference(PROVED));
    let by_level = over_reference(BY_LEVEL);
    if let (Some(cost), Some(proved), Some(by_level)) = (cost, proved, by_level) {
        table.row(&[
            name.to_owned(),
            part.rows.len().to_string(),
            percent(cost.share),
            with_interval(&proved.geo),
            with_interval(&proved.arith),
            format!(
                "{} ({})",
                ratio(proved.worst),
                part.describe(proved.worst_at)
            ),
            ratio(by_level.geo.estimate),
            ratio(by_level.arith.estimate),
        ]);
    }
}
