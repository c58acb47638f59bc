//! The store, and the threads that work on it: the loop of a run never waits for a disk.
//!
//! Jobs of one trial are done in the order they came, since calls of a [`Store`] that concern one trial must not
//! overlap; those of different trials side by side. What a job comes to is sent to the loop as a [`Done`].

mod job;
mod queue;
mod workshop;

use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use rungkeeper_checkpoints::{Aside, Deleter, DeleterSettings, DeletionEvent, Pending, Store};

use crate::process::{Descendants, Said, end_marked};
use queue::Queue;
use workshop::Workshop;

pub(crate) use job::{Done, Folder, Job, Keep, Kept, Left, Room, Saved, Start, Started};

/// Most threads that work on the store at once. A worker's trial waits for one job at a time, so more than there are
/// workers would have nothing to do.
const MOST_THREADS: u64 = 32;
/// A new program is started only once what was removed is deleted, so that a run takes no more room than documented; but
/// a deletion that takes longer than this holds nobody up.
const SLOW_DELETION: Duration = Duration::from_secs(1);

/// Time between two looks at what is left to delete.
const A_WHILE: Duration = Duration::from_millis(500);
/// How long deletions are waited for that fail all the time.
const HOPELESS: Duration = Duration::from_secs(5);

/// Has the work on a store done.
pub(crate) struct Desk {
    store: Arc<dyn Store>,
    queue: Arc<Queue>,
    deleter: Arc<Deleter>,
    deletions: Receiver<DeletionEvent>,
    mark: String,
    /// Since when deletions are under way without a break.
    deleting_since: Option<Instant>,
}

/// How a desk works.
pub(crate) struct Settings {
    /// Trials that run at a time.
    pub(crate) workers: u64,
    /// How long an operation is tried again while the store cannot be used.
    pub(crate) patience: Duration,
    /// The mark of the run's processes.
    pub(crate) mark: String,
    /// The log: what is removed is in it, on the disk, before files go.
    pub(crate) log: Arc<File>,
}

impl Desk {
    pub(crate) fn new<M>(store: Arc<dyn Store>, settings: Settings, to: &SyncSender<M>) -> Self
    where
        M: From<Done> + From<Said> + Send + 'static,
    {
        let (deleter, deletions) = Deleter::new(Arc::clone(&store), DeleterSettings::default());
        let deleter = Arc::new(deleter);
        let queue = Arc::new(Queue::default());
        let workshop = Arc::new(Workshop {
            store: Arc::clone(&store),
            deleter: Arc::clone(&deleter),
            patience: settings.patience,
            descendants: Descendants::new(&settings.mark),
            log: settings.log,
            queue: Arc::clone(&queue),
        });
        // One more, for deletions while all trials wait for their commits.
        for _ in 0..=settings.workers.min(MOST_THREADS) {
            let (workshop, to) = (Arc::clone(&workshop), to.clone());
            let builder = thread::Builder::new().name("rungkeeper-store".to_owned());
            let _ = builder.spawn(move || workshop.work(&to));
        }
        Self {
            store,
            queue,
            deleter,
            deletions,
            mark: settings.mark,
            deleting_since: None,
        }
    }

    /// The store itself, while no trial runs.
    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Has a job done that concerns a trial.
    pub(crate) fn ask(&self, trial: &str, job: Job) {
        self.queue.push(trial, job);
    }

    /// Deletes what was set aside already.
    pub(crate) fn purge(&self, aside: impl IntoIterator<Item = Aside>) {
        for aside in aside {
            self.deleter.purge(aside);
        }
    }

    /// What became of deletions since the last call.
    pub(crate) fn deletions(&mut self) -> Vec<DeletionEvent> {
        let mut events = Vec::new();
        while let Ok(event) = self.deletions.try_recv() {
            events.push(event);
        }
        events
    }

    /// Number of checkpoints that were removed and whose files are there.
    pub(crate) fn num_deleting(&self) -> usize {
        self.queue.num_removals() + self.deleter.pending().len()
    }

    /// Whether a new program may take room: what was removed is deleted, or takes its time.
    pub(crate) fn has_room(&mut self) -> bool {
        let failed = self.deleter.stuck().len();
        if self.num_deleting() <= failed {
            self.deleting_since = None;
            return true;
        }
        let since = *self.deleting_since.get_or_insert_with(Instant::now);
        since.elapsed() > SLOW_DELETION
    }

    /// From now on no program is started.
    pub(crate) fn start_nothing(&self) {
        self.queue.start_nothing();
    }

    /// Ends all programs of the run, whatever session they are in, and those that are being started at this moment.
    pub(crate) fn end_programs(&self) {
        self.start_nothing();
        if self.queue.wait_for_starts(A_WHILE) {
            end_marked(&self.mark, Duration::ZERO);
        }
    }

    /// From now on nothing is waited for: an operation that fails is not tried again.
    pub(crate) fn hurry(&self) {
        self.queue.hurry();
    }

    /// Waits for all jobs and deletions; what could not be deleted comes back. Once nothing is left but what fails again
    /// and again, it is not waited for long.
    pub(crate) fn drain(&self, patience: Duration) -> Vec<Pending> {
        let begin = Instant::now();
        self.queue.wait_until_idle(patience);
        loop {
            let left = self.deleter.drain(A_WHILE);
            let hopeless = left.iter().all(|pending| pending.failures > 0);
            let patience = if hopeless {
                HOPELESS.min(patience)
            } else {
                patience
            };
            if left.is_empty() || begin.elapsed() >= patience {
                return left;
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.queue.close();
        // However the run ended, a thread may be about to start one more.
        self.end_programs();
    }
}
