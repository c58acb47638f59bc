//! Deletions off the main loop.

mod queue;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Aside, Store};

use queue::Queue;

/// Deletes checkpoints in the background.
///
/// What is to go is moved aside at once, on the caller's thread, so that nothing resumes from it;
/// its files are removed by threads of the deleter's own. What fails is tried again after a delay
/// that doubles each time, for as long as the deleter lives. Until a checkpoint is gone its bytes
/// are pending: they still take room. The ones that failed at least once are *stuck*: until they
/// are gone, others have to go in their place.
///
/// Nothing is printed. Each call leads to a [`DeletionEvent::Deleted`] once everything it was about
/// is gone, or to one for each checkpoint where a trial had several; and to at most one
/// [`DeletionEvent::Failed`] for each.
///
/// Dropping a deleter ends its threads after what they are at; what is left aside is taken by the
/// next [`Store::sweep`].
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use rungkeeper_checkpoints::{
///     Deleter, DeleterSettings, DeletionEvent, DirectoryStore, Store,
/// };
///
/// let root = tempfile::tempdir()?;
/// let store = Arc::new(DirectoryStore::open(root.path(), "my-run")?);
/// let staging = store.begin("7")?;
/// std::fs::write(staging.join("weights"), "0.25")?;
/// store.commit("7", 1, 1)?;
///
/// let (deleter, events) = Deleter::new(store, DeleterSettings::default());
/// deleter.delete("7", 4);
/// assert!(deleter.drain(Duration::from_secs(60)).is_empty());
/// assert!(matches!(events.try_recv()?, DeletionEvent::Deleted { bytes: 4, .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Deleter {
    queue: Arc<Queue>,
}

/// How a [`Deleter`] works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DeleterSettings {
    /// Number of threads, so that a slow deletion does not hold up all others; at least one. 2 by
    /// default.
    pub threads: usize,
    /// Delay before the second try; it doubles with each further one. 1 s by default.
    pub first_delay: Duration,
    /// The longest delay. 60 s by default.
    pub longest_delay: Duration,
}

impl Default for DeleterSettings {
    fn default() -> Self {
        Self {
            threads: 2,
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(60),
        }
    }
}

/// What a [`Deleter`] has to tell.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DeletionEvent {
    /// The files are gone.
    Deleted {
        /// The trial.
        trial: String,
        /// The level of the checkpoint, where it is known.
        level: Option<u64>,
        /// Room that was freed.
        bytes: u64,
        /// The call it came from.
        request: Request,
    },
    /// The first try failed; it is tried again without a further word.
    Failed {
        /// The trial.
        trial: String,
        /// The level of the checkpoint, where it is known.
        level: Option<u64>,
        /// Room that it keeps taking.
        bytes: u64,
        /// What went wrong.
        error: String,
    },
}

/// The call a deletion came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Request {
    /// [`Deleter::delete`]: the checkpoint was removed.
    Delete,
    /// [`Deleter::purge`]: a newer one replaces it, or it was never committed.
    Purge,
}

/// A deletion that is not done.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Pending {
    /// The trial.
    pub trial: String,
    /// The level of the checkpoint; none as long as it could not even be moved aside, and for what
    /// was never committed.
    pub level: Option<u64>,
    /// Room that it takes.
    pub bytes: u64,
    /// How often it failed.
    pub failures: u32,
    /// How it failed last.
    pub error: Option<String>,
}

impl Deleter {
    /// A deleter for a store, and the receiver of its events.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        settings: DeleterSettings,
    ) -> (Self, Receiver<DeletionEvent>) {
        let (events, receiver) = mpsc::channel();
        let queue = Arc::new(Queue::new(store, settings, events));
        for _ in 0..settings.threads.max(1) {
            let queue = Arc::clone(&queue);
            let thread = thread::Builder::new().name("rungkeeper-deleter".to_owned());
            // Without any thread everything stays pending, and is swept by the next process.
            let _ = thread.spawn(move || queue.work());
        }
        (Self { queue }, receiver)
    }

    /// Deletes the checkpoints a trial has now, whose size is `bytes` as far as the caller knows.
    ///
    /// On return they are aside, unless that failed; then it is tried again as well, and never takes
    /// a checkpoint that is committed later. That the trial has none is success.
    pub fn delete(&self, trial: &str, bytes: u64) {
        self.queue.delete(trial, bytes);
    }

    /// Removes what was set aside elsewhere: by a commit, by [`Store::discard`], or by a sweep that
    /// could not remove it.
    pub fn purge(&self, aside: Aside) {
        self.queue.purge(aside);
    }

    /// What is not gone yet, in the order it came.
    #[must_use]
    pub fn pending(&self) -> Vec<Pending> {
        self.queue.pending()
    }

    /// Room taken by what is not gone yet.
    #[must_use]
    pub fn pending_bytes(&self) -> u64 {
        self.pending().iter().map(|pending| pending.bytes).sum()
    }

    /// What failed at least once and is not gone yet.
    #[must_use]
    pub fn stuck(&self) -> Vec<Pending> {
        let mut pending = self.pending();
        pending.retain(|pending| pending.failures > 0);
        pending
    }

    /// Tries everything again now, waits until nothing is pending or the time is up, and tells what
    /// could not be deleted.
    #[must_use]
    pub fn drain(&self, timeout: Duration) -> Vec<Pending> {
        // No deadline where the clock has no such time.
        self.queue.drain(Instant::now().checked_add(timeout));
        self.pending()
    }
}

impl Drop for Deleter {
    fn drop(&mut self) {
        self.queue.stop();
    }
}
