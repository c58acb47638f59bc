//! Reading the files of curves.

use std::path::Path;

use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::Curves;
use rungkeeper_tuner_hooks::Mode;

use crate::columns::{self, Reports};
use crate::input;
use crate::plain::{plain, wrapped};
use crate::simulate::Arguments;
use crate::simulate::search::Search;

/// The curves of all files, and what is to be told of them once the other settings were found good.
pub(super) fn read(
    arguments: &Arguments,
    search: Option<&Search>,
) -> anyhow::Result<(Vec<Curves>, Vec<String>)> {
    let options = arguments.columns.options();
    let options = match search {
        Some(search) => search.columns(options),
        None => options,
    };
    let mode = arguments.columns.mode().or(search.map(Search::mode));
    let (mut all, mut notes) = (Vec::new(), Vec::new());
    for path in &arguments.files {
        let (curves, note) = read_one(path, &options, (mode, search.is_some()), arguments)?;
        if let Some(search) = search {
            search.check(&curves)?;
        }
        all.push(curves);
        notes.extend(note);
    }
    Ok((all, notes))
}

fn read_one(
    path: &Path,
    options: &ReadOptions,
    (asked, is_searched): (Option<Mode>, bool),
    arguments: &Arguments,
) -> anyhow::Result<(Curves, Option<String>)> {
    let name = input::name(path);
    let (table, mode) = match columns::open(path)? {
        Reports::Csv(file) => (CurveTable::read(file, &name, options), asked),
        Reports::Log(log, header) => {
            anyhow::ensure!(
                !is_searched,
                "{name}: --search needs the hyper-parameters of each trial, but an event log has no columns\n\
                 `rungkeeper export DIR --csv` writes a table of a run that has"
            );
            let csv = log.to_csv();
            let table = CurveTable::read(csv.as_bytes(), &name, &ReadOptions::new());
            (table, asked.or(Some(header.mode)))
        }
    };
    let curves = Curves::new(table.map_err(columns::explained)?, mode);
    let max_resource = arguments.max_resource();
    let (curves, cut) = curves
        .cut_off(max_resource, arguments.cut_off)
        .map_err(|cut| anyhow::anyhow!("{}, and --cut-off is refuse", plain(cut)))?;
    let told = |cut| {
        format!(
            "{}. {}",
            plain(cut),
            arguments.cut_off.told("--cut-off as-is")
        )
    };
    Ok((curves, cut.map(told)))
}

/// On the standard error, where it disturbs no JSON.
pub(super) fn note(text: &str) {
    let _ = wrapped(&format!("note: {text}"), &mut std::io::stderr());
}
