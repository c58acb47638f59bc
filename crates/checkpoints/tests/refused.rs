//! `deletion_refused`: folders that not even their owner may change, and files nobody may read. The
//! superuser may do everything, so the test then goes on as somebody else.
#![cfg(unix)]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use common::write;
use rungkeeper_checkpoints::{DirectoryStore, Store};

/// Where the test works when it was started again as another user.
const FOLDER: &str = "RUNGKEEPER_REFUSED_FOLDER";
const NOBODY: u32 = 65_534;

#[test]
fn deletion_refused() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return refused(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    if fs::metadata(folder.path()).unwrap().uid() != 0 {
        return refused(folder.path());
    }
    let program = folder.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let mut again = Command::new(&program);
    again.args(["--exact", "deletion_refused", "--nocapture"]);
    again.env(FOLDER, folder.path());
    again.current_dir(folder.path()).uid(NOBODY).gid(NOBODY);
    let output = again.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn modes(root: &Path) -> Vec<u32> {
    let paths = ["fixed", "fixed/weights", "closed", "closed/secret"];
    let mode = |path| {
        let metadata = fs::symlink_metadata(root.join(path)).unwrap();
        metadata.mode() & 0o777
    };
    // What lies in a folder that cannot be entered is looked at last.
    let mut modes: Vec<u32> = paths[..3].iter().map(mode).collect();
    let closed = root.join("closed");
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    modes.push(mode(&paths[3]));
    modes
}

fn refused(folder: &Path) {
    assert_ne!(fs::metadata(folder).unwrap().uid(), 0);
    let outside = folder.join("outside");
    write(&outside, "precious", b"precious");
    mode(&outside, 0o555);
    let root = folder.join("run");
    let store = DirectoryStore::open(&root, "run").unwrap();
    let fill = |trial: &str| {
        let live = store.begin(trial).unwrap();
        write(&live, "fixed/weights", b"one");
        write(&live, "closed/secret", b"two");
        symlink(&outside, live.join("out")).unwrap();
        mode(&live.join("fixed/weights"), 0o400);
        mode(&live.join("closed/secret"), 0o000);
        mode(&live.join("fixed"), 0o555);
        mode(&live.join("closed"), 0o000);
        live
    };
    let live = fill("7");
    let prepared = store.prepare("7", 1, 1).unwrap();
    let closed = fs::symlink_metadata(live.join("closed")).unwrap();
    assert_eq!(closed.mode() & 0o777, 0, "as the program left it");
    let committed = store.commit("7", 1, 1).unwrap();
    assert_eq!(committed.stored.hash, prepared.hash);
    assert_eq!(committed.left_out.len(), 1, "the link only");
    assert_eq!(committed.stored.bytes, 6);
    assert_eq!(store.verify("7").unwrap().unwrap().broken, None);
    for target in [store.begin("7").unwrap(), store.begin("8").unwrap()] {
        store.restore("7", &target).unwrap();
        assert_eq!(modes(&target), [0o555, 0o400, 0o000, 0o000]);
    }
    // A second try, a crashed trial, a sweep and a deletion: all of it goes.
    fill("7");
    fill("8");
    let aside = store.discard("8").unwrap().unwrap();
    store.purge(&aside).unwrap();
    for aside in store.commit("7", 2, 1).unwrap().superseded {
        store.purge(&aside).unwrap();
    }
    fill("9");
    drop(store);
    let store = DirectoryStore::open(&root, "run").unwrap();
    let swept = store.sweep().unwrap();
    assert!(swept.failed.is_empty(), "{swept:?}");
    store.delete("7").unwrap();
    for part in ["trash", "live", "checkpoints"] {
        assert_eq!(fs::read_dir(root.join(part)).unwrap().count(), 0, "{part}");
    }
    let kept = fs::symlink_metadata(&outside).unwrap();
    assert_eq!(kept.mode() & 0o777, 0o555);
    assert_eq!(fs::read(outside.join("precious")).unwrap(), b"precious");
    mode(&outside, 0o755);

    // A store that may not be written to is what failed, not the trial.
    let live = store.begin("7").unwrap();
    write(&live, "weights", b"one");
    mode(&root.join("checkpoints"), 0o555);
    let error = store.commit("7", 1, 1).unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    assert!(live.join("weights").exists());
    mode(&root.join("checkpoints"), 0o755);
    store.commit("7", 1, 1).unwrap();
}
