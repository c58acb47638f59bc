//! The proof of removal decisions: what each policy loses on the very same runs. Writes `docs/decision-quality.md`.
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

mod compare;
mod curves;
mod families;
mod frozen;
mod page;
mod plots;
mod runs;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;

use families::{Family, families};
use page::Study;
use runs::{Part, Plan};

/// Measures what each removal policy loses, and writes a page of it
#[derive(Parser)]
struct Arguments {
    /// More seeds
    #[arg(long)]
    long: bool,
    /// Where the page and its plots go
    folder: PathBuf,
}

/// The first seed: by those before it scores were chosen.
const FIRST_SEED: u64 = 8;
/// Names of the families that other conditions are tried on.
const SOME: [&str; 6] = [
    "LCDB 351",
    "LCDB 41150",
    "power laws",
    "many ties",
    "improving",
    "uneven rungs",
];

fn main() -> Result<()> {
    let Arguments { long, folder } = Arguments::parse();
    let seeds = |short| FIRST_SEED..FIRST_SEED + if long { 20 } else { short };
    let mut some = families();
    some.retain(|family| SOME.contains(&family.name));
    let other = |name, families: &[Family], change: fn(&mut Plan)| {
        let mut plan = Plan::of(families.to_vec(), seeds(4));
        change(&mut plan);
        timed(name, plan).map(|part| (name, part))
    };
    let study = Study {
        command: format!("cargo xtask quality{}", if long { " --long" } else { "" }),
        frozen: timed("on frozen runs", Plan::of(families(), seeds(8)))?,
        others: vec![
            other("with 16 and 32 workers", &some, |plan| {
                plan.workers = vec![16, 32];
            })?,
            other("with three brackets", &some, |plan| plan.brackets = 3)?,
            other("with an end at half of what was announced", &some, |plan| {
                plan.announced = 2.0;
            })?,
            other("with an end at twice what was announced", &some, |plan| {
                plan.announced = 0.5;
            })?,
            other("where training again takes time", &families(), |plan| {
                plan.etas = vec![2, 4];
                plan.workers = vec![4];
                plan.spare = vec![4, 8, 16];
                plan.frozen = false;
            })?,
        ],
    };
    study.write(&folder)
}

fn timed(name: &str, plan: Plan) -> Result<Part> {
    let begun = Instant::now();
    let part = Part::run(plan)?;
    println!("{name}: {:.0} s", begun.elapsed().as_secs_f64());
    Ok(part)
}
