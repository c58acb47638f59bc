//! Whether the training command can be started at all.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

use super::error::nearest;
use super::placeholders::{Piece, pieces};
use crate::plain::escaped;

/// Where programs are looked for if there is no PATH.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Most characters of a name or path in a message.
const NAME: usize = 200;

/// Most characters of PATH in a message.
const SHOWN_PATH: usize = 100;

/// Most entries of a folder in which a name like the missing one is looked for.
const MOST_ENTRIES: usize = 10_000;

/// Most bytes of a script's first line that the system reads.
const FIRST_LINE: u64 = 256;

/// The program that the first item of a training command starts, without starting it.
///
/// `directory` is the folder that the command runs in, and `environment` the variables that are added
/// to those of this process. As the system does it, a name without a slash is looked for in the
/// folders of PATH, and one with a slash from the working directory on. A first item that is made
/// of a hyper-parameter or another placeholder is known only when a trial starts: it is returned as
/// it is written.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::path::Path;
///
/// use rungkeeper_runner::experiment::find_program;
///
/// let none = BTreeMap::new();
/// let find = |program: &str| find_program(&[program.to_owned()], Path::new("/"), &none);
/// assert_eq!(find("bin/sh")?, Path::new("/bin/sh"));
/// assert_eq!(
///     find("./no-such-program").unwrap_err(),
///     "the program ./no-such-program cannot be started: there is no file /no-such-program"
/// );
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
///
/// A sentence that says what is missing and where it was looked for: the working directory, the
/// program, the right to execute it, or the interpreter that a script names in its first line; with
/// the nearest name that is there, if one is like it.
pub fn find_program(
    command: &[String],
    directory: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<PathBuf, String> {
    check_directory(directory)?;
    let Some(written) = command.first() else {
        return Err("the command is empty: its first item is the program to run".to_owned());
    };
    let Some(name) = plain_text(written) else {
        return Ok(PathBuf::from(written));
    };
    let found = if name.contains('/') {
        let path: PathBuf = directory.join(&name).components().collect();
        check_program(&path).map(|()| path)
    } else {
        search(&name, directory, environment)
    };
    found.map_err(|why| {
        format!(
            "the program {} cannot be started: {why}",
            escaped(&name, NAME)
        )
    })
}

/// The item with its doubled braces undone, unless it holds a placeholder.
fn plain_text(item: &str) -> Option<String> {
    let pieces = pieces(item).ok()?;
    let text = |piece| match piece {
        Piece::Text(text) => Some(text),
        Piece::Placeholder(_) => None,
    };
    pieces.into_iter().map(text).collect()
}

fn check_directory(directory: &Path) -> Result<(), String> {
    let shown = shown(directory);
    match fs::metadata(directory) {
        Ok(found) if found.is_dir() => match access(directory, Access::EXEC_OK) {
            Ok(()) => Ok(()),
            Err(error) => Err(format!(
                "the command cannot run in the folder {shown}: {error}"
            )),
        },
        Ok(_) => Err(format!(
            "the command cannot run in {shown}: it is no folder"
        )),
        Err(error) => Err(format!(
            "the command cannot run in the folder {shown}: {error}{}",
            like(directory)
        )),
    }
}

/// Looks a name up in the folders of PATH.
fn search(
    name: &str,
    directory: &Path,
    environment: &BTreeMap<String, String>,
) -> Result<PathBuf, String> {
    let path = match environment.get("PATH") {
        Some(path) => OsString::from(path),
        None => env::var_os("PATH").unwrap_or_else(|| DEFAULT_PATH.into()),
    };
    let mut why = None;
    for folder in env::split_paths(&path) {
        // A folder that is relative is so to where the command runs; an empty one stands for it.
        let candidate = directory.join(folder).join(name);
        if name.is_empty() || !candidate.exists() {
            continue;
        }
        match check_program(&candidate) {
            Ok(()) => return Ok(candidate),
            Err(reason) => why = why.or(Some(reason)),
        }
    }
    Err(why.unwrap_or_else(|| {
        let shown = escaped(&path.to_string_lossy(), SHOWN_PATH);
        let here = directory.join(name);
        if !name.is_empty() && here.is_file() {
            let name = escaped(name, NAME);
            return format!(
                "it is in no folder of PATH; there is one in the folder that it runs in: write it \
                 as ./{name}"
            );
        }
        let folders = env::split_paths(&path).map(|folder| directory.join(folder));
        match like_in(name, folders) {
            hint if hint.is_empty() => format!("it is in no folder of PATH, which is {shown}"),
            hint => format!("it is in no folder of PATH{hint} PATH is {shown}"),
        }
    }))
}

/// Whether the system can start this file.
fn check_program(path: &Path) -> Result<(), String> {
    let shown = shown(path);
    let found = fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no file {shown}{}", like(path)),
        _ => format!("{shown}: {error}"),
    })?;
    if !found.is_file() {
        return Err(format!("{shown} is no file"));
    }
    if access(path, Access::EXEC_OK).is_err() {
        return Err(format!(
            "{shown} may not be executed: chmod +x it, or name the interpreter as the first item \
             of the command"
        ));
    }
    match interpreter(path) {
        Some(interpreter) if !interpreter_exists(&interpreter) => Err(format!(
            "the first line of {shown} names the interpreter {}, which is not there",
            escaped(&interpreter, NAME)
        )),
        _ => Ok(()),
    }
}

/// What stands behind `#!` in the first line of a script, up to a blank.
fn interpreter(path: &Path) -> Option<String> {
    let mut start = Vec::new();
    // What cannot be read may still be executed: then nothing is known of it.
    File::open(path)
        .ok()?
        .take(FIRST_LINE)
        .read_to_end(&mut start)
        .ok()?;
    let behind = start.strip_prefix(b"#!")?;
    let line = behind.split(|&byte| byte == b'\n').next()?;
    let text = String::from_utf8_lossy(line);
    // The system knows blanks and tabs only: a line end as on Windows is part of the name.
    let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
    words.next().map(str::to_owned)
}

fn interpreter_exists(interpreter: &str) -> bool {
    let interpreter = Path::new(interpreter);
    // A relative one is looked for from wherever the command runs, which few mean.
    interpreter.is_relative() || interpreter.exists()
}

/// The nearest name in the folder of a missing file, as the end of a sentence.
fn like(path: &Path) -> String {
    match (path.file_name(), path.parent()) {
        (Some(name), Some(folder)) => like_in(&name.to_string_lossy(), [folder.to_owned()]),
        _ => String::new(),
    }
}

fn like_in(name: &str, folders: impl IntoIterator<Item = PathBuf>) -> String {
    let entries = folders
        .into_iter()
        .filter_map(|folder| fs::read_dir(folder).ok());
    let names: Vec<String> = entries
        .flatten()
        .take(MOST_ENTRIES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    match nearest(name, names.iter().map(String::as_str)) {
        Some(nearest) => format!("; did you mean `{}`?", escaped(nearest, NAME)),
        None => String::new(),
    }
}

fn shown(path: &Path) -> String {
    escaped(&path.to_string_lossy(), NAME)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self, name: &str, text: &str, mode: u32) -> PathBuf {
            let path = self.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            path
        }

        fn find(&self, program: &str, path: Option<&str>) -> Result<PathBuf, String> {
            let path = path.map(|path| ("PATH".to_owned(), path.to_owned()));
            let environment = path.into_iter().collect();
            find_program(&[program.to_owned()], self.0.path(), &environment)
        }
    }

    #[test]
    fn programs_are_found_as_the_system_finds_them() {
        let place = Place::new();
        let train = place.file("bin/train", "#!/bin/sh\n", 0o755);
        assert_eq!(place.find("bin/train", None).unwrap(), train);
        assert_eq!(place.find("./bin/train", None).unwrap(), train);
        assert_eq!(place.find(train.to_str().unwrap(), None).unwrap(), train);
        assert_eq!(place.find("train", Some("/none:bin")).unwrap(), train);
        assert!(place.find("sh", None).unwrap().ends_with("sh"));
        // What a hyper-parameter names is known at the start of a trial only.
        assert_eq!(place.find("{model}", None).unwrap(), Path::new("{model}"));
        place.file("a{b}", "", 0o755);
        assert!(place.find("./a{{b}}", None).is_ok());
    }

    #[test]
    fn what_is_missing_is_said_with_the_nearest_name() {
        let place = Place::new();
        place.file("bin/train", "#!/bin/sh\n", 0o755);
        let said = |program: &str, path| place.find(program, path).unwrap_err();
        let misspelt = said("bin/trian", None);
        assert!(
            misspelt.contains("bin/trian; did you mean `train`?"),
            "{misspelt}"
        );
        let misspelt = said("trian", Some("bin"));
        let expected = "it is in no folder of PATH; did you mean `train`? PATH is bin";
        assert!(misspelt.ends_with(expected), "{misspelt}");
        assert!(said("bin", Some("/")).contains("bin is no file"));
        assert!(said("./bin", None).ends_with("bin is no file"));
        place.file("here", "#!/bin/sh\n", 0o755);
        assert!(said("here", Some("/none")).ends_with("write it as ./here"));
        assert!(said("", Some("bin")).contains("in no folder of PATH"));
        assert!(said("\u{1b}[31m", Some("bin")).is_ascii());
        let none: &[String] = &[];
        let empty = find_program(none, place.0.path(), &BTreeMap::new()).unwrap_err();
        assert!(empty.contains("empty"), "{empty}");
    }

    #[test]
    fn what_cannot_be_executed_is_refused() {
        let place = Place::new();
        place.file("plain.py", "print()\n", 0o644);
        let said = place.find("./plain.py", None).unwrap_err();
        assert!(said.contains("may not be executed: chmod +x"), "{said}");
        place.file("windows", "#!/bin/sh\r\necho\r\n", 0o755);
        let said = place.find("./windows", None).unwrap_err();
        assert!(
            said.ends_with(r"names the interpreter /bin/sh\r, which is not there"),
            "{said}"
        );
        place.file("blank", "#! /bin/sh -e\n", 0o755);
        assert!(place.find("./blank", None).is_ok());
    }

    #[test]
    fn the_working_directory_is_there() {
        let place = Place::new();
        let program = place.file("scripts/train", "", 0o755);
        let find = |folder: &str| {
            let command = ["/bin/sh".to_owned()];
            find_program(&command, &place.0.path().join(folder), &BTreeMap::new())
        };
        assert!(find("scripts").is_ok());
        let said = find("script").unwrap_err();
        assert!(
            said.starts_with("the command cannot run in the folder /"),
            "{said}"
        );
        assert!(said.ends_with("did you mean `scripts`?"), "{said}");
        let said = find(program.to_str().unwrap()).unwrap_err();
        assert!(said.ends_with("train: it is no folder"), "{said}");
    }
}
