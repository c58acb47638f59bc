//! The store and a run in a container of Azurite, the emulator of Azure's blob storage.
#![cfg(unix)]

mod binary;
mod runs;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rungkeeper_checkpoints::{ObjectStore, Store, conformance};
use rungkeeper_tests::azurite::Azurite;
use rungkeeper_tuner_hooks::log::Event;

use runs::{EXPERIMENT, TRAINER, check, check_log, folder, rungkeeper, sorted, succeeds, wait_for};

fn start(containers: &[&str]) -> Azurite {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    Azurite::start(target, containers)
}

fn open(server: &Azurite, prefix: &str, run: &str, local: &Path) -> ObjectStore {
    let address = format!("az://container/{prefix}");
    let patience = Duration::from_secs(5);
    ObjectStore::from_address(&address, server.options(), patience, local, run).unwrap()
}

#[test]
fn conforms_on_azure() {
    let server = start(&["container"]);
    let folder = tempfile::tempdir().unwrap();
    conformance::all(&|name| Box::new(open(&server, name, name, &folder.path().join(name))));
}

/// A run in a container is interrupted, loses its local copy, goes on from what is in the container,
/// and in the end there is in it what the log owns.
#[test]
fn a_run_in_a_container() {
    let server = start(&["container"]);
    let experiment = format!("store = {{ location = \"az://container/runs\" }}\n{EXPERIMENT}");
    // Slow enough that there is something to interrupt.
    let trainer = TRAINER.replace("epoch + 1))", "epoch + 1)); sleep 0.05");
    let place = folder(&trainer, &experiment);
    let rungkeeper = |arguments: &[&str]| {
        let mut command = rungkeeper(place.path(), arguments);
        command.envs(server.emulator());
        command
    };
    let run = place.path().join("run");
    let mut child = rungkeeper(&["run", "experiment.toml", "--dir", "run"])
        .spawn()
        .unwrap();
    wait_for(&run, |events| {
        let is_checkpoint = |event: &&Event| matches!(event, Event::Checkpoint { .. });
        events.iter().filter(is_checkpoint).count() >= 5
    });
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    remove(&run.join("checkpoints"));

    let output: Output = rungkeeper(&["resume", "run"]).output().unwrap();
    let said = succeeds(&output);
    assert!(said.starts_with("finished after "), "{said}");
    check(&run);
    let (events, owned) = check_log(&run);
    let is_removal = |event: &Event| matches!(event, Event::Remove { .. });
    assert!(events.iter().any(is_removal));
    // The same place, asked by a client of its own, with no local copy to look at.
    let elsewhere = tempfile::tempdir().unwrap();
    let store = fs::read(run.join("checkpoints/rungkeeper-store.json")).unwrap();
    let store: serde_json::Value = serde_json::from_slice(&store).unwrap();
    let name = store["run"].as_str().unwrap();
    let store = open(&server, "runs/small", name, elsewhere.path());
    let stored: BTreeSet<String> = store.list().unwrap().into_iter().map(|c| c.trial).collect();
    assert_eq!(sorted(stored.into_iter().collect()), owned);
}

/// Programs that were left behind may still write for a moment, until nobody answers them.
fn remove(folder: &Path) {
    let begin = Instant::now();
    while let Err(error) = fs::remove_dir_all(folder) {
        assert!(begin.elapsed() < Duration::from_secs(20), "{error}");
        sleep(Duration::from_millis(20));
    }
}
