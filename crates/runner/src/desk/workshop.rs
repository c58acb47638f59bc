//! How the jobs of trials are done.

use std::fs::File;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use rungkeeper_checkpoints::{Deleter, Restored, Store, StoreError, fingerprint, size_of_files};
use rungkeeper_tuner::search_space::Configuration;
use rustix::fs::{Access, access, statvfs};

use super::job::{Done, Folder, Job, Keep, Kept, Left, Room, Saved, Start, Started};
use super::queue::Queue;
use crate::experiment::{Filling, fill};
use crate::process::{Descendants, Invocation, Launch, Process, ProcessId, Said};
use crate::protocol::{CHECKPOINT_DIR, CONFIG};
use crate::whole;

/// Time between two tries while the store cannot be used.
const BETWEEN: Duration = Duration::from_millis(200);
/// A disk with less room than this is full, however small checkpoints are.
const LEAST_ROOM: u64 = 1 << 16;

/// Where jobs are done.
pub(super) struct Workshop {
    pub(super) store: Arc<dyn Store>,
    pub(super) deleter: Arc<Deleter>,
    pub(super) patience: Duration,
    pub(super) descendants: Descendants,
    pub(super) log: Arc<File>,
    pub(super) queue: Arc<Queue>,
}

impl Workshop {
    /// What each thread does until the queue is closed.
    pub(super) fn work<M>(&self, to: &SyncSender<M>)
    where
        M: From<Done> + From<Said> + Send + 'static,
    {
        while let Some((trial, job)) = self.queue.next() {
            let was_removal = job.is_removal();
            // A mistake in here must not leave the loop waiting for what never comes.
            let work = AssertUnwindSafe(|| self.carry_out(&trial, job, to));
            let done = catch_unwind(work).unwrap_or_else(|_| Some(Done::Broke(trial.clone())));
            // First, so that whoever hears of it can ask for more.
            self.queue.done(&trial, was_removal);
            if let Some(done) = done
                && to.send(done.into()).is_err()
            {
                return;
            }
        }
    }

    fn carry_out<M>(&self, trial: &str, job: Job, to: &SyncSender<M>) -> Option<Done>
    where
        M: From<Said> + Send + 'static,
    {
        Some(match job {
            Job::Start(start) => {
                let process = start.process;
                match self.start(trial, *start, to) {
                    Ok(None) => Done::NotStarted(process),
                    Ok(Some(started)) => Done::Started(process, Ok(started)),
                    Err(error) => Done::Started(process, Err(error)),
                }
            }
            Job::Prepare { process, level } => {
                let prepare = || self.store.prepare(trial, level, process.number);
                Done::Prepared(process, self.patiently(prepare))
            }
            Job::Keep(keep) => Done::Kept(keep.process, self.keep(trial, &keep)),
            Job::Look {
                process,
                saved,
                largest,
                scarce,
            } => {
                let left = self.look(trial, process, saved.as_ref(), (largest, scarce));
                Done::Left(process, left)
            }
            Job::Remove { bytes } => {
                // That it is removed survives a loss of power before its files go. Where the log cannot be written
                // the loop finds out by itself.
                let _ = self.log.sync_data();
                self.deleter.delete(trial, bytes);
                return None;
            }
            Job::Discard => match self.discard(trial) {
                Ok(()) => return None,
                Err(error) => Done::NotDiscarded(trial.to_owned(), error),
            },
        })
    }

    /// None: the run stops, and nothing is started any more.
    fn start<M>(
        &self,
        trial: &str,
        start: Start,
        to: &SyncSender<M>,
    ) -> Result<Option<Box<Started>>, StoreError>
    where
        M: From<Said> + Send + 'static,
    {
        if self.queue.starts_nothing() {
            return Ok(None);
        }
        let (folder, restored) = self.patiently(|| self.make_folder(trial, start.folder))?;
        let experiment = &start.experiment;
        let checkpoint_dir = folder.display().to_string();
        let config = start.config.map(|path| path.display().to_string());
        let filling = Filling {
            space: &experiment.space,
            configuration: &start.configuration,
            trial,
            slot: start.process.slot,
            checkpoint_dir: &checkpoint_dir,
            config: config.as_deref().unwrap_or_default(),
        };
        let command = fill(&experiment.command, &filling);
        let mut environment = start.environment;
        let written = config.as_ref().map_or(Ok(()), |config| {
            write_config(Path::new(config), &start.configuration)
        });
        if let Some(config) = config {
            let variable = environment.entry(CONFIG.to_owned());
            variable.or_insert(config);
        }
        let variable = environment.entry(CHECKPOINT_DIR.to_owned());
        variable.or_insert(checkpoint_dir); // what the experiment says counts
        let launch = Launch {
            id: start.process,
            program: Invocation {
                command,
                directory: start.directory,
                environment,
                output: start.output,
            },
            folder,
            protocol: experiment.protocol,
            names: experiment.names.clone(),
        };
        let process = self.queue.starting(|| {
            written?;
            Process::spawn(&launch, to)
        });
        Ok(process.map(|process| {
            Box::new(Started {
                process,
                folder_kept: restored.is_none(),
                restored: restored.unwrap_or_default(),
            })
        }))
    }

    /// The folder, and what was restored there; nothing if it is as the last process left it.
    fn make_folder(
        &self,
        trial: &str,
        folder: Folder,
    ) -> Result<(PathBuf, Option<Restored>), StoreError> {
        if folder == Folder::AsItIs
            && let Some(live) = self.store.live(trial)?
        {
            return Ok((live, None));
        }
        let live = self.store.begin(trial)?;
        let restored = match folder {
            Folder::Empty => Restored::default(),
            Folder::Restored | Folder::AsItIs => self.store.restore(trial, &live)?,
        };
        Ok((live, Some(restored)))
    }

    fn keep(&self, trial: &str, keep: &Keep) -> Kept {
        // Nobody writes there any more: children that left the group are ended as well.
        self.descendants.end(keep.process.number);
        let kept = self.patiently(|| self.keep_once(trial, keep));
        let kept = kept.unwrap_or_else(Kept::Failed);
        let stays = match &kept {
            Kept::Committed(_) => true,
            // Good, and committed once the store can be used again.
            Kept::Failed(error) => error.is_unavailable(),
            _ => false,
        };
        if !stays {
            let _ = self.discard(trial); // or by the next process of the trial, or the next sweep
        }
        kept
    }

    fn keep_once(&self, trial: &str, keep: &Keep) -> Result<Kept, StoreError> {
        let Some(live) = self.store.live(trial)? else {
            return Ok(Kept::Nothing);
        };
        if is_empty(&live) {
            return Ok(Kept::Nothing);
        }
        let saved = keep
            .saved
            .as_ref()
            .filter(|saved| is_as_saved(&live, saved));
        let Some(level) = saved.map(|saved| saved.level).or(keep.otherwise) else {
            return Ok(Kept::NotTrusted);
        };
        let bytes = size_of_files(&live);
        if keep.most_bytes.is_some_and(|most| bytes > most) {
            return Ok(Kept::TooLarge(bytes));
        }
        let committed = self.store.commit(trial, level, keep.process.number)?;
        Ok(Kept::Committed(committed))
    }

    fn look(
        &self,
        trial: &str,
        process: ProcessId,
        saved: Option<&Saved>,
        (largest, scarce): (u64, u64),
    ) -> Left {
        self.descendants.end(process.number);
        let live = self.store.live(trial).ok().flatten();
        Left {
            is_as_saved: live
                .as_deref()
                .zip(saved)
                .is_some_and(|(live, saved)| is_as_saved(live, saved)),
            is_empty: live.as_deref().is_none_or(is_empty),
            room: live
                .as_deref()
                .map_or(Room::Enough, |live| room(live, largest, scarce)),
        }
    }

    fn discard(&self, trial: &str) -> Result<(), StoreError> {
        if let Some(aside) = self.store.discard(trial)? {
            self.deleter.purge(aside);
        }
        Ok(())
    }

    /// Tries again while the store cannot be used, as long as there is patience.
    fn patiently<T>(
        &self,
        mut operation: impl FnMut() -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let begin = Instant::now();
        loop {
            match operation() {
                Err(error)
                    if error.is_unavailable()
                        && begin.elapsed() < self.patience
                        && self.queue.pause(BETWEEN) => {}
                done => return done,
            }
        }
    }
}

fn is_as_saved(live: &Path, saved: &Saved) -> bool {
    fingerprint(live).is_ok_and(|now| now == saved.fingerprint)
}

/// Whether a program wrote nothing. What cannot be read is for the store to say.
fn is_empty(live: &Path) -> bool {
    std::fs::read_dir(live).is_ok_and(|mut entries| entries.next().is_none())
}

/// Whether another checkpoint of the size there were has room, and the right to be there.
fn room(folder: &Path, largest: u64, scarce: u64) -> Room {
    if access(folder, Access::WRITE_OK).is_err() {
        return Room::None;
    }
    let Ok(system) = statvfs(folder) else {
        return Room::Enough;
    };
    let room = system.f_bavail.saturating_mul(system.f_frsize);
    // Some file systems have no fixed number of names, and say 0 of 0.
    let has_names = system.f_files == 0 || system.f_favail > 0;
    let half = system.f_blocks.saturating_mul(system.f_frsize) / 2;
    match () {
        () if room < largest.max(LEAST_ROOM) || !has_names => Room::None,
        () if room < scarce.max(half) => Room::Scarce,
        () => Room::Enough,
    }
}

/// The hyper-parameters of a trial as a JSON object. One that is there already stays, so that a trial goes on where the
/// disk is full.
fn write_config(path: &Path, configuration: &Configuration) -> io::Result<()> {
    let text = serde_json::to_string_pretty(configuration)? + "\n";
    if whole::read_text(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let written =
        std::fs::create_dir_all(folder).and_then(|()| whole::write(path, text.as_bytes(), None));
    written.map_err(|error| {
        let message = format!("cannot write {}: {error}", path.display());
        io::Error::new(error.kind(), message)
    })
}
