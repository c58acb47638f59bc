//! Writes `docs/decision-quality.md`: `quality [--long] FOLDER`.

// The page is put together from short pieces of text.
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    clippy::trivially_copy_pass_by_ref
)]
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use rungkeeper_tests::quality::{Family, Part, Plan, Study, families};

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

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let study = study(arguments.long)?;
    study.write(&arguments.folder)
}

fn study(long: bool) -> Result<Study> {
    let seeds = |short: u64| -> Vec<u64> {
        let number = if long { 20 } else { short };
        (FIRST_SEED..FIRST_SEED + number).collect()
    };
    let frozen = timed("the policies", || {
        Part::frozen(Plan::of(families(), seeds(8)))
    })?;
    let elsewhere = elsewhere(&seeds(4))?;
    let live = timed("training again takes time", || {
        let plan = Plan {
            etas: vec![2, 4],
            workers: vec![4],
            spare: vec![4, 8, 16],
            ..Plan::of(families(), seeds(4))
        };
        Part::live(plan)
    })?;
    let flag = if long { " --long" } else { "" };
    Ok(Study {
        command: format!("cargo xtask quality{flag}"),
        frozen,
        elsewhere,
        live,
    })
}

/// Names of the families that other conditions are tried on.
const SOME: [&str; 6] = [
    "LCDB 351",
    "LCDB 41150",
    "power laws",
    "many ties",
    "improving",
    "uneven rungs",
];

fn elsewhere(seeds: &[u64]) -> Result<Vec<(String, Part)>> {
    let some: Vec<Family> = families()
        .into_iter()
        .filter(|family| SOME.contains(&family.name))
        .collect();
    let plan = || Plan::of(some.clone(), seeds.to_vec());
    let (mut many, mut three, mut half, mut twice) = (plan(), plan(), plan(), plan());
    many.workers = vec![16, 32];
    three.brackets = vec![3];
    half.announced = 2.0;
    twice.announced = 0.5;
    let part = |(name, plan): (&str, Plan)| {
        let part = timed(name, || Part::frozen(plan))?;
        Ok((name.to_owned(), part))
    };
    let plans = [
        ("16 and 32 workers", many),
        ("three brackets", three),
        ("an end at half of what was announced", half),
        ("an end at twice what was announced", twice),
    ];
    plans.into_iter().map(part).collect()
}

fn timed<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    let done = work()?;
    println!("{name}: {:.0} s", begun.elapsed().as_secs_f64());
    Ok(done)
}
