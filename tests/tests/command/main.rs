//! What users meet who call the command line. It is one program, so that tests that wait run beside one another.
#![cfg(unix)]

#[path = "../binary/mod.rs"]
mod binary;
#[path = "../runs/mod.rs"]
mod runs;

mod browser;
mod choose;
mod command_line;
mod examples;
mod experiment_file;
#[cfg(feature = "s3")]
mod life_bucket;
mod life_checkpoints;
mod life_disk_full;
mod life_input;
mod life_late;
mod life_processes;
mod life_programs;
mod life_search;
mod life_second_try;
mod life_secrets;
mod life_stops;
mod life_store;
#[cfg(feature = "s3")]
mod mistakes;
mod newcomer;
mod page;
mod report;
mod results;
#[cfg(feature = "s3")]
mod run_bucket;
mod run_cases;
mod run_small;
mod run_words;
mod simulate;
mod simulate_search;
mod told_from_logs;
mod watcher;
mod wine;
