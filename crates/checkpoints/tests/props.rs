//! Laws of names, and of a store under any sequence of calls.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use rungkeeper_checkpoints::{
    DirectoryStore, Fault, Faults, FaultyStore, Operation, Step, Store, trial_id, trial_name,
};

/// Ids that come close to each other, and any text.
fn ids() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-c=/.A-C0]{0,6}",
        "(=[0-9a-f]{2}|[a-z]){0,5}",
        "(con|prn|aux|nul|com[0-9]|lpt[0-9]|CON)",
        "[a-zA-Z]{20,70}",
        "(ab){30,34}[cC]?",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn names_are_injective_where_case_is_ignored(a in ids(), b in ids()) {
        let (name, other) = (trial_name(&a), trial_name(&b));
        prop_assert_eq!(a == b, name.eq_ignore_ascii_case(&other));
    }

    #[test]
    fn names_are_safe(id in ids()) {
        let name = trial_name(&id);
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_=".contains(c);
        prop_assert!((1..=64).contains(&name.len()));
        prop_assert!(name.chars().all(plain) && !name.starts_with('-'), "{}", name);
        let reserved = ["con", "prn", "aux", "nul"];
        let numbered = name.len() == 4 && (name.starts_with("com") || name.starts_with("lpt"));
        prop_assert!(!reserved.contains(&name.as_str()));
        prop_assert!(!(numbered && name.ends_with(|c: char| c.is_ascii_digit())));
    }

    #[test]
    fn names_of_ordinary_ids_stay_as_they_are(id in "[a-z0-9_][a-z0-9_-]{4,60}") {
        prop_assert_eq!(trial_name(&id), id);
    }

    #[test]
    fn names_lead_back_to_ids(id in ids()) {
        let name = trial_name(&id);
        match trial_id(&name) {
            Some(back) => prop_assert_eq!(back, id),
            None => prop_assert!(name.contains("==") && id.len() > 21),
        }
    }

    #[test]
    fn names_made_up_lead_to_their_own_id_or_none(name in ids()) {
        if let Some(id) = trial_id(&name) {
            prop_assert_eq!(trial_name(&id), name);
        }
    }
}

#[derive(Clone, Debug)]
enum Call {
    Commit { trial: usize, prepare: bool },
    CommitKilled { trial: usize, step: usize },
    CommitFailing { trial: usize, step: usize },
    Delete { trial: usize },
    SetAside { trial: usize },
    DeleteFailing { trial: usize },
    HalfWritten { trial: usize },
    Discard { trial: usize },
    Reopen,
    Finish,
    Sweep,
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let step = 0..Step::ALL.len();
    let call = prop_oneof![
        4 => (0..3_usize, any::<bool>()).prop_map(|(trial, prepare)| Call::Commit { trial, prepare }),
        2 => (0..3_usize, step.clone())
            .prop_map(|(trial, step)| Call::CommitKilled { trial, step }),
        1 => (0..3_usize, step).prop_map(|(trial, step)| Call::CommitFailing { trial, step }),
        2 => (0..3_usize).prop_map(|trial| Call::Delete { trial }),
        1 => (0..3_usize).prop_map(|trial| Call::SetAside { trial }),
        1 => (0..3_usize).prop_map(|trial| Call::DeleteFailing { trial }),
        1 => (0..3_usize).prop_map(|trial| Call::HalfWritten { trial }),
        1 => (0..3_usize).prop_map(|trial| Call::Discard { trial }),
        1 => Just(Call::Reopen),
        2 => Just(Call::Finish),
        1 => Just(Call::Sweep),
    ];
    proptest::collection::vec(call, 1..8)
}

const TRIALS: [&str; 3] = ["7", "a/b", ""];

/// A store, and what it should hold: level by trial.
struct Modelled {
    folder: tempfile::TempDir,
    faults: Faults,
    store: FaultyStore<DirectoryStore>,
    model: BTreeMap<&'static str, u64>,
    /// Live folders that are prepared, and their levels.
    prepared: BTreeMap<&'static str, u64>,
    /// Those that this process began.
    own: BTreeSet<&'static str>,
    level: u64,
}

impl Modelled {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let faults = Faults::default();
        let store = open(&folder, &faults);
        Self {
            folder,
            faults,
            store,
            model: BTreeMap::new(),
            prepared: BTreeMap::new(),
            own: BTreeSet::new(),
            level: 0,
        }
    }

    fn call(&mut self, call: &Call) {
        match *call {
            Call::Commit { trial, prepare } => {
                assert!(self.commit(TRIALS[trial], prepare));
            }
            Call::CommitKilled { trial, step } => {
                self.faults.always_at_step(Step::ALL[step], Fault::Kill);
                if !self.commit(TRIALS[trial], false) && Step::ALL[step] >= Step::Renamed {
                    self.model.insert(TRIALS[trial], self.level);
                }
                self.reopen();
            }
            Call::CommitFailing { trial, step } => {
                let fault = Fault::Error(std::io::ErrorKind::StorageFull);
                self.faults.at_step(Step::ALL[step], 1, fault);
                if !self.commit(TRIALS[trial], false) && Step::ALL[step] >= Step::Renamed {
                    self.model.insert(TRIALS[trial], self.level);
                }
                self.faults.clear();
            }
            Call::Delete { trial } => {
                self.store.delete(TRIALS[trial]).unwrap();
                self.model.remove(TRIALS[trial]);
            }
            Call::SetAside { trial } => {
                while let Some(aside) = self.store.set_aside(TRIALS[trial], u64::MAX).unwrap() {
                    assert_eq!(aside.trial, TRIALS[trial]);
                }
                self.model.remove(TRIALS[trial]);
            }
            Call::DeleteFailing { trial } => {
                let fault = Fault::Error(std::io::ErrorKind::ResourceBusy);
                self.faults.at(Operation::SetAside, 1, fault);
                assert!(self.store.delete(TRIALS[trial]).is_err());
                self.faults.clear();
            }
            Call::HalfWritten { trial } => {
                let live = self.begin(TRIALS[trial]);
                fs::write(live.join("weights"), "half of i").unwrap();
            }
            Call::Discard { trial } => {
                self.prepared.remove(TRIALS[trial]);
                self.own.remove(TRIALS[trial]);
                if let Some(aside) = self.store.discard(TRIALS[trial]).unwrap() {
                    self.store.purge(&aside).unwrap();
                }
            }
            Call::Reopen => self.reopen(),
            Call::Finish => {
                let own = &self.own;
                let expected = self
                    .prepared
                    .iter()
                    .filter(|(trial, _)| !own.contains(*trial));
                let expected: BTreeMap<_, _> = expected.map(|(t, l)| (*t, *l)).collect();
                let finished = self.store.finish_commits().unwrap();
                let finished = finished.iter().map(|s| (s.trial.as_str(), s.level));
                assert_eq!(finished.collect::<BTreeMap<_, _>>(), expected);
                self.prepared
                    .retain(|trial, _| !expected.contains_key(trial));
                self.model.extend(expected);
            }
            Call::Sweep => {
                let own = &self.own;
                self.prepared.retain(|trial, _| own.contains(trial));
                assert!(self.store.sweep().unwrap().failed.is_empty());
            }
        }
    }

    fn begin(&mut self, trial: &'static str) -> PathBuf {
        self.prepared.remove(trial);
        self.own.insert(trial);
        self.store.begin(trial).unwrap()
    }

    fn commit(&mut self, trial: &'static str, prepare: bool) -> bool {
        self.level += 1;
        let live = self.begin(trial);
        fs::write(live.join("weights"), self.level.to_string()).unwrap();
        let done = (!prepare || self.store.prepare(trial, self.level, 1).is_ok())
            && self.store.commit(trial, self.level, 1).is_ok();
        if done {
            self.model.insert(trial, self.level);
        } else if live.parent().unwrap().join("manifest.jsonl").exists() {
            self.prepared.insert(trial, self.level);
        }
        if done || !live.exists() {
            self.own.remove(trial);
        }
        done
    }

    fn reopen(&mut self) {
        self.own.clear();
        self.faults = Faults::default();
        self.store = open(&self.folder, &self.faults);
    }

    fn check(&self) {
        for trial in TRIALS {
            let target = tempfile::tempdir().unwrap();
            let restored = self.store.restore(trial, target.path()).unwrap();
            assert!(restored.broken.is_empty());
            let level = restored.checkpoint.map(|stored| stored.level);
            assert_eq!(level, self.model.get(trial).copied(), "{trial:?}");
            if let Some(level) = level {
                let weights = fs::read_to_string(target.path().join("weights")).unwrap();
                assert_eq!(weights, level.to_string());
            }
        }
        let sequence = self.store.sequence();
        let listed = self.store.list().unwrap();
        assert!(listed.iter().all(|stored| stored.sequence < sequence));
        assert!(
            listed
                .iter()
                .all(|stored| self.model.contains_key(stored.trial.as_str()))
        );
        assert!(self.store.orphans(&|_| true).unwrap().is_empty());
    }
}

fn open(folder: &tempfile::TempDir, faults: &Faults) -> FaultyStore<DirectoryStore> {
    let store = DirectoryStore::open_with(folder.path(), "run", faults.steps()).unwrap();
    FaultyStore::new(store, faults.clone())
}

/// Each case writes to the disk many times, so there are fewer of them by this divisor.
const DIVISOR: u32 = 8;

fn fewer() -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig {
        cases: (config.cases / DIVISOR).max(1),
        ..config
    }
}

proptest! {
    #![proptest_config(fewer())]

    #[test]
    fn store_holds_what_a_map_would_whatever_happens(calls in calls()) {
        let mut modelled = Modelled::new();
        for call in &calls {
            modelled.call(call);
            modelled.check();
        }
        modelled.reopen();
        modelled.store.sweep().unwrap();
        modelled.check();
        assert_eq!(modelled.store.list().unwrap().len(), modelled.model.len());
        for part in ["live", "trash"] {
            let left = fs::read_dir(modelled.folder.path().join(part)).unwrap();
            assert_eq!(left.count(), 0);
        }
    }
}
