//! What the laws share.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{Store, Stored};

pub(super) fn commit(store: &dyn Store, trial: &str, level: u64, content: &[u8]) -> Stored {
    let staging = store.begin(trial).expect("begin");
    write(&staging, "weights", content);
    let committed = store.commit(trial, level, 1).expect("commit");
    assert!(committed.warning.is_none(), "{:?}", committed.warning);
    for aside in &committed.superseded {
        store.purge(aside).expect("purge");
    }
    committed.stored
}

/// The level a trial would resume from.
pub(super) fn level(store: &dyn Store, trial: &str) -> Option<u64> {
    let looking = format!("looking at {trial}");
    let target = store.begin(&looking).expect("begin");
    let restored = store.restore(trial, &target).expect("restore");
    assert!(restored.broken.is_empty(), "{:?}", restored.broken);
    assert_eq!(read_all(&target).is_empty(), restored.checkpoint.is_none());
    if let Some(aside) = store.discard(&looking).expect("discard") {
        store.purge(&aside).expect("purge");
    }
    restored.checkpoint.map(|stored| stored.level)
}

pub(super) fn levels(store: &dyn Store) -> Vec<(String, u64)> {
    let listed = store.list().expect("list");
    listed.into_iter().map(|s| (s.trial, s.level)).collect()
}

pub(super) fn write(root: &Path, name: &str, content: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(path, content).expect("a file");
}

/// All regular files below a directory.
pub(super) fn read_all(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let content = crate::scan::Scanned::of(root).expect("a directory").content;
    let files = content.files.into_iter().map(|file| {
        let bytes = fs::read(root.join(&file.path)).expect("a file");
        (file.path, bytes)
    });
    files.collect()
}
