//! What a person asks of a run while another process works on it.
//!
//! A request is a small file in the run's `requests` folder, put there by rename. The runner takes
//! it up within a turn, and removes it; if it has to refuse, it leaves the reason in its place.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use crate::directory::{requests_folder, worked_on_by};
use crate::error::file_error;
use crate::{RunError, whole};

/// Something a person asks of a run.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Request {
    /// Keep the checkpoint of this trial, whatever the policy says.
    Pin(String),
    /// End that. Refused for the best trial, whose checkpoint would be deleted.
    Unpin(String),
    /// End that for the best trial too.
    UnpinBest(String),
}

/// Requests end in this, refusals in the other; what ends in neither is not complete.
const REQUEST: &str = "request";
const REFUSED: &str = "refused";

/// Time between two looks for requests.
const BETWEEN: Duration = Duration::from_millis(100);

/// Where requests come in.
pub(crate) struct Inbox {
    folder: PathBuf,
    looked: Instant,
    /// Requests that were answered and whose file cannot be removed: another user's, most likely.
    stuck: HashSet<PathBuf>,
}

impl Inbox {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            looked: Instant::now(),
            stuck: HashSet::new(),
        }
    }

    /// What was asked since the last look, in that order. A file that is no request is told as one that is refused.
    pub(crate) fn look(&mut self) -> Vec<(PathBuf, Result<Request, RunError>)> {
        // A turn may be a thousandth of a second, and people rarely ask.
        if self.looked.elapsed() < BETWEEN {
            return Vec::new();
        }
        self.looked = Instant::now();
        // No folder, no requests.
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        let mut paths: Vec<PathBuf> = paths
            .filter(|path| ends_in(path, REQUEST) && !self.stuck.contains(path))
            .collect();
        paths.sort();
        let read = |path: PathBuf| {
            let request = read(&path).map_err(|e| file_error(&path, e));
            (path, request)
        };
        paths.into_iter().map(read).collect()
    }

    /// The answer to a request could not be left in its place. A note tells that once, and it is not answered again.
    pub(crate) fn leave_alone(&mut self, path: PathBuf, error: &RunError) -> String {
        self.stuck.insert(path);
        format!("a request cannot be taken away, and is passed over from now on: {error}")
    }
}

/// It was done.
pub(crate) fn done(path: &Path) -> Result<(), RunError> {
    remove(path)
}

/// It was refused: the reason takes its place.
pub(crate) fn refuse(path: &Path, reason: &RunError) -> Result<(), RunError> {
    let refused = path.with_extension(REFUSED);
    let written = whole::write(&refused, reason.to_string().as_bytes(), None);
    written.map_err(|e| file_error(&refused, e))?;
    remove(path)
}

/// A directory of that name is nobody's request: it is left alone, and nothing waits for it.
fn remove(path: &Path) -> Result<(), RunError> {
    match fs::remove_file(path) {
        Err(error) if path.is_dir() => {
            let aside = path.with_extension("ignored");
            fs::rename(path, aside).map_err(|_| file_error(path, error))
        }
        removed => removed.map_err(|e| file_error(path, e)),
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
    let text = serde_json::to_vec(request).map_err(io::Error::from);
    text.and_then(|text| whole::write(&path, &text, None))
        .map_err(|e| file_error(&path, e))?;
    let begin = Instant::now();
    while path.exists() {
        if begin.elapsed() > patience && fs::remove_file(&path).is_ok() {
            let directory = directory.to_owned();
            return Err(match worked_on_by(&directory) {
                Some(process) => RunError::NoAnswer {
                    directory,
                    process,
                    seconds: patience.as_secs_f64(),
                },
                None => RunError::Locked(directory),
            });
        }
        sleep(Duration::from_millis(20));
    }
    let refused = path.with_extension(REFUSED);
    match whole::read_text(&refused) {
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

fn read(path: &Path) -> io::Result<Request> {
    Ok(serde_json::from_slice(&whole::read(path)?)?)
}

fn ends_in(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::RunDirectory;

    #[test]
    fn whoever_does_not_answer_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("run");
        // This process works on it, and looks at no request.
        let claimed = RunDirectory::claim(&directory).unwrap();
        let request = Request::Pin("7".to_owned());
        let patience = Duration::from_millis(50);
        let error = ask(&directory, &request, patience).unwrap_err().to_string();
        let process = std::process::id();
        assert!(error.contains(&format!("kill -CONT {process}")), "{error}");
        drop(claimed);
    }
}
