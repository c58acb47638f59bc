//! Reading the files of curves.

use std::path::Path;

use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::Curves;

use crate::columns::{self, Reports};
use crate::input;
use crate::plain::{plain, wrapped};
use crate::simulate::Arguments;

pub(super) fn read(arguments: &Arguments) -> anyhow::Result<Vec<Curves>> {
    let options = arguments.columns.options();
    let read = |path: &std::path::PathBuf| read_one(path, &options, arguments);
    arguments.files.iter().map(read).collect()
}

fn read_one(path: &Path, options: &ReadOptions, arguments: &Arguments) -> anyhow::Result<Curves> {
    let (name, asked) = (input::name(path), arguments.columns.mode());
    let (table, mode) = match columns::open(path)? {
        Reports::Csv(file) => (CurveTable::read(file, &name, options), asked),
        Reports::Log(log, header) => {
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
    if let Some(cut) = cut {
        let told = arguments.cut_off.told("--cut-off as-is");
        note(&format!("{}. {told}", plain(cut)));
    }
    Ok(curves)
}

/// On the standard error, where it disturbs no JSON.
fn note(text: &str) {
    let _ = wrapped(&format!("note: {text}"), &mut std::io::stderr());
}
