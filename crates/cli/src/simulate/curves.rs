//! Reading the files of curves.

use std::path::Path;

use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::Curves;
use rungkeeper_tuner_hooks::Mode;

use crate::simulate::Arguments;
use crate::{columns, input};

pub(super) fn read(arguments: &Arguments) -> anyhow::Result<Vec<Curves>> {
    let options = arguments.columns.options();
    let read = |path: &std::path::PathBuf| read_one(path, &options, arguments.columns.mode());
    arguments.files.iter().map(read).collect()
}

fn read_one(path: &Path, options: &ReadOptions, mode: Option<Mode>) -> anyhow::Result<Curves> {
    let table = CurveTable::read(input::open(path)?, &input::name(path), options)
        .map_err(columns::explained)?;
    Ok(Curves::new(table, mode))
}
