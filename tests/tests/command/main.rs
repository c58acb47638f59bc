//! What users meet who call the command line. It is one program, so that tests that wait run beside one another.
#[path = "../binary/mod.rs"]
mod binary;
#[path = "../browser/mod.rs"]
mod browser;
#[cfg(unix)]
#[path = "../runs/mod.rs"]
mod runs;

#[cfg(unix)]
mod choose;
mod command_line;
#[cfg(unix)]
mod examples;
#[cfg(unix)]
mod experiment_file;
#[cfg(all(unix, feature = "s3"))]
mod life_bucket;
#[cfg(unix)]
mod life_checkpoints;
#[cfg(unix)]
mod life_disk_full;
#[cfg(unix)]
mod life_input;
#[cfg(unix)]
mod life_late;
#[cfg(unix)]
mod life_processes;
#[cfg(unix)]
mod life_programs;
#[cfg(unix)]
mod life_search;
#[cfg(unix)]
mod life_second_try;
#[cfg(unix)]
mod life_secrets;
#[cfg(unix)]
mod life_stops;
#[cfg(unix)]
mod life_store;
#[cfg(all(unix, feature = "s3"))]
mod mistakes;
#[cfg(unix)]
mod newcomer;
mod page;
mod report;
#[cfg(unix)]
mod results;
#[cfg(all(unix, feature = "s3"))]
mod run_bucket;
#[cfg(unix)]
mod run_cases;
#[cfg(unix)]
mod run_small;
mod simulate;
#[cfg(unix)]
mod simulate_search;
#[cfg(unix)]
mod told_from_logs;
#[cfg(unix)]
mod watcher;
mod wine;
