use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::{Step, Steps, StoreError};

/// An operation of a store.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Operation {
    /// [`Store::begin`](crate::Store::begin).
    Begin,
    /// [`Store::live`](crate::Store::live).
    Live,
    /// [`Store::discard`](crate::Store::discard).
    Discard,
    /// [`Store::commit`](crate::Store::commit).
    Commit,
    /// [`Store::prepare`](crate::Store::prepare).
    Prepare,
    /// [`Store::finish_commits`](crate::Store::finish_commits).
    FinishCommits,
    /// [`Store::restore`](crate::Store::restore).
    Restore,
    /// [`Store::list`](crate::Store::list).
    List,
    /// [`Store::find`](crate::Store::find).
    Find,
    /// [`Store::verify`](crate::Store::verify).
    Verify,
    /// [`Store::set_aside`](crate::Store::set_aside).
    SetAside,
    /// [`Store::purge`](crate::Store::purge).
    Purge,
    /// [`Store::sweep`](crate::Store::sweep).
    Sweep,
    /// [`Store::orphans`](crate::Store::orphans).
    Orphans,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// An error of the operating system, by its kind.
    Error(io::ErrorKind),
    /// It takes longer.
    Delay(Duration),
    /// The process is killed: the operation ends here, and tidies nothing up.
    Kill,
}

/// Which faults happen when: at operations, before the store is called ([`FaultyStore`]), and at
/// steps inside them ([`Faults::steps`]). A clone shares the faults.
///
/// ```
/// use std::io::ErrorKind;
/// use rungkeeper_checkpoints::{DirectoryStore, Fault, Faults, FaultyStore, Operation, Step, Store};
///
/// let root = tempfile::tempdir()?;
/// let faults = Faults::default();
/// let store = DirectoryStore::open_with(root.path(), "my-run", faults.steps())?;
/// let store = FaultyStore::new(store, faults.clone());
///
/// faults.at(Operation::Begin, 2, Fault::Error(ErrorKind::StorageFull));
/// assert!(store.begin("1").is_ok());
/// assert_eq!(store.begin("2").unwrap_err().io_kind(), Some(ErrorKind::StorageFull));
/// assert!(store.begin("2").is_ok());
/// faults.always_at_step(Step::Synced, Fault::Kill);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`FaultyStore`]: crate::FaultyStore
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    seen: BTreeMap<Point, u64>,
    faults: Vec<Planned>,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Point {
    Operation(Operation),
    Step(Step),
}

#[derive(Debug)]
struct Planned {
    point: Point,
    /// Which time from when it was planned; none: each time.
    when: Option<u64>,
    fault: Fault,
}

impl Faults {
    /// The `nth` call of an operation from now on, 1 for the next, goes wrong.
    pub fn at(&self, operation: Operation, nth: u64, fault: Fault) {
        self.plan(Point::Operation(operation), Some(nth), fault);
    }

    /// Each call of an operation goes wrong.
    pub fn always_at(&self, operation: Operation, fault: Fault) {
        self.plan(Point::Operation(operation), None, fault);
    }

    /// The `nth` time a step is reached from now on, 1 for the next, it goes wrong.
    pub fn at_step(&self, step: Step, nth: u64, fault: Fault) {
        self.plan(Point::Step(step), Some(nth), fault);
    }

    /// Each time a step is reached it goes wrong.
    pub fn always_at_step(&self, step: Step, fault: Fault) {
        self.plan(Point::Step(step), None, fault);
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.with(|plan| plan.faults.clear());
    }

    /// How often an operation was called.
    #[must_use]
    pub fn calls(&self, operation: Operation) -> u64 {
        self.with(|plan| plan.seen(Point::Operation(operation)))
    }

    /// How often a step was reached.
    #[must_use]
    pub fn reached(&self, step: Step) -> u64 {
        self.with(|plan| plan.seen(Point::Step(step)))
    }

    /// A hook for a store's steps that carries the faults out.
    #[must_use]
    pub fn steps(&self) -> Steps {
        let faults = self.clone();
        Steps::new(move |step| faults.reach(Point::Step(step), Some(step)))
    }

    pub(super) fn call(&self, operation: Operation) -> Result<(), StoreError> {
        self.reach(Point::Operation(operation), None)
    }

    fn plan(&self, point: Point, nth: Option<u64>, fault: Fault) {
        self.with(|plan| {
            let seen = plan.seen(point);
            plan.faults.push(Planned {
                point,
                when: nth.map(|nth| seen.saturating_add(nth)),
                fault,
            });
        });
    }

    fn reach(&self, point: Point, step: Option<Step>) -> Result<(), StoreError> {
        for fault in self.with(|plan| plan.reach(point)) {
            match fault {
                Fault::Delay(time) => thread::sleep(time),
                Fault::Error(kind) => {
                    return Err(StoreError::Io {
                        action: "go on at",
                        path: PathBuf::from(format!("{point:?}")),
                        source: kind.into(),
                    });
                }
                Fault::Kill => return Err(StoreError::Killed { step }),
            }
        }
        Ok(())
    }

    fn with<T>(&self, change: impl FnOnce(&mut Plan) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Plan {
    fn seen(&self, point: Point) -> u64 {
        self.seen.get(&point).copied().unwrap_or(0)
    }

    fn reach(&mut self, point: Point) -> Vec<Fault> {
        let count = self.seen.entry(point).or_default();
        *count += 1;
        let count = *count;
        let now = |planned: &&Planned| {
            planned.point == point && planned.when.is_none_or(|when| when == count)
        };
        self.faults.iter().filter(now).map(|p| p.fault).collect()
    }
}
