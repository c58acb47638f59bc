//! The store in a bucket, against a real S3 server on the loopback interface.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rungkeeper_checkpoints::{ObjectStore, Store, StoreError, conformance};
use rungkeeper_tests::s3::Server;

fn open(server: &Server, prefix: &str, local: &Path) -> Result<ObjectStore, StoreError> {
    let address = format!("s3://bucket/{prefix}");
    let patience = Duration::from_secs(2);
    ObjectStore::from_address(&address, server.options(), patience, local, prefix)
}

#[test]
fn conforms_on_s3() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("server"), &["bucket"]);
    let local = folder.path().join("local");
    conformance::all(&|name| Box::new(open(&server, name, &local.join(name)).unwrap()));
}

/// A file that is uploaded in three parts, and a trial whose name is no name of a file.
#[test]
fn another_machine_goes_on_with_large_files() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("server"), &["bucket"]);
    let large: Vec<u8> = (0..20_000_003_u32).map(|i| (i % 251) as u8).collect();
    let store = open(&server, "run", &folder.path().join("old")).unwrap();
    for (trial, level, content) in [("7", 1, &large[..]), ("a/b", 3, b"three")] {
        let staging = store.begin(trial).unwrap();
        fs::write(staging.join("weights"), content).unwrap();
        store.commit(trial, level, 1).unwrap();
    }

    let store = open(&server, "run", &folder.path().join("new")).unwrap();
    for (trial, level, content) in [("7", 1, &large[..]), ("a/b", 3, b"three")] {
        let target = tempfile::tempdir().unwrap();
        let restored = store.restore(trial, target.path()).unwrap();
        assert_eq!(restored.checkpoint.unwrap().level, level);
        assert!(fs::read(target.path().join("weights")).unwrap() == content);
        store.delete(trial).unwrap();
    }
    assert!(store.list().unwrap().is_empty());
}

/// A server that is away for a moment is waited for, one that stays away is an error that says so.
#[test]
fn a_server_that_is_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start(&folder.path().join("server"), &["bucket"]);
    let local = folder.path().join("local");
    let store = open(&server, "run", &local).unwrap();
    let staging = store.begin("7").unwrap();
    fs::write(staging.join("weights"), "one").unwrap();
    server.stop();
    let back = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        server.start_again();
        server
    });
    store.commit("7", 1, 1).unwrap();
    let mut server = back.join().unwrap();

    server.stop();
    let staging = store.begin("7").unwrap();
    fs::write(staging.join("weights"), "three").unwrap();
    let begin = Instant::now();
    let error = store.commit("7", 3, 1).unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert!(error.to_string().contains("in the bucket"), "{error}");
    assert!(begin.elapsed() < Duration::from_secs(60));
    drop(store);
    server.start_again();
    let store = open(&server, "run", &local).unwrap();
    assert_eq!(store.finish_commits().unwrap()[0].level, 3);
}
