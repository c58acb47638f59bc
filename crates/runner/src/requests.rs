//! What a person asks of a run while another process works on it.
//!
//! A request is a small file in the run's `requests` folder, put there by rename. The runner takes
//! it up within a turn, and removes it; if it has to refuse, it leaves the reason in its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::files::{file_error, requests_folder};
use super::{Observer, RunError, Runner};

/// Something a person asks of a run.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Request {
    /// Keep the checkpoint of this trial, whatever the policy says.
    Pin(String),
    /// End that.
    Unpin(String),
}

/// Requests end in this, refusals in the other; what ends in neither is not complete.
const REQUEST: &str = "request";
const REFUSED: &str = "refused";

/// Time between two looks for requests.
const BETWEEN: Duration = Duration::from_millis(100);

impl Runner {
    /// Does what a request asks for.
    ///
    /// # Errors
    ///
    /// As [`Runner::pin`] and [`Runner::unpin`].
    pub fn fulfil(
        &mut self,
        request: &Request,
        observer: &mut dyn Observer,
    ) -> Result<(), RunError> {
        match request {
            Request::Pin(trial) => self.pin(trial, observer),
            Request::Unpin(trial) => self.unpin(trial, observer),
        }
    }

    /// Takes up what was asked since the last look, in that order.
    pub(super) fn hear_requests(&mut self, observer: &mut dyn Observer) -> Result<(), RunError> {
        // A turn may be a thousandth of a second, and people rarely ask.
        if self.looked_for_requests.elapsed() < BETWEEN {
            return Ok(());
        }
        self.looked_for_requests = Instant::now();
        let folder = self.files.requests();
        // No folder, no requests.
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        let mut paths: Vec<PathBuf> = paths.filter(|path| ends_in(path, REQUEST)).collect();
        paths.sort();
        for path in paths {
            let outcome = match read(&path) {
                Ok(request) => self.fulfil(&request, observer),
                Err(source) => Err(file_error(&path, source)),
            };
            match outcome {
                // What keeps the log from being written ends the run as anywhere else.
                Err(error @ (RunError::Journal(_) | RunError::Store(_))) => return Err(error),
                Err(error) => {
                    observer.note(&format!("refused: {error}"));
                    let refused = path.with_extension(REFUSED);
                    fs::write(&refused, error.to_string()).map_err(|e| file_error(&refused, e))?;
                }
                Ok(()) => {}
            }
            fs::remove_file(&path).map_err(|e| file_error(&path, e))?;
        }
        Ok(())
    }
}

/// Asks something of a run that another process works on, and waits until that has taken it up.
/// `Some`: it refused, for this reason.
///
/// # Errors
///
/// The request could not be written, or nobody took it up in `patience`; then it is taken back.
pub fn ask(
    directory: &Path,
    request: &Request,
    patience: Duration,
) -> Result<Option<String>, RunError> {
    let folder = requests_folder(directory);
    fs::create_dir_all(&folder).map_err(|e| file_error(&folder, e))?;
    let path = folder.join(unique_name()).with_extension(REQUEST);
    put(&path, request).map_err(|e| file_error(&path, e))?;
    let begin = Instant::now();
    while path.exists() {
        if begin.elapsed() > patience && fs::remove_file(&path).is_ok() {
            return Err(RunError::Locked(directory.to_owned()));
        }
        sleep(Duration::from_millis(20));
    }
    let refused = path.with_extension(REFUSED);
    match fs::read_to_string(&refused) {
        Ok(reason) => {
            // Left there it would only be litter.
            let _ = fs::remove_file(&refused);
            Ok(Some(reason))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error(&refused, error)),
    }
}

/// Names sort by the time they were made.
fn unique_name() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanoseconds = now.map_or(0, |now| now.as_nanos());
    format!("{nanoseconds:024}-{}", std::process::id())
}

fn put(path: &Path, request: &Request) -> io::Result<()> {
    let partial = path.with_extension("partial");
    fs::write(&partial, serde_json::to_vec(request)?)?;
    fs::rename(&partial, path)
}

fn read(path: &Path) -> io::Result<Request> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn ends_in(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}
