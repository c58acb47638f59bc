//! What is named on the command line: files, `-` for the standard input, and sizes.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context;
use bytesize::ByteSize;

/// Opens a file, or the standard input for `-`.
pub(crate) fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    // What a shell hands over as a file is below /dev or /proc. Any other pipe has nobody at its other end, most likely,
    // and would be waited for without end.
    let is_handed_over = path.starts_with("/dev") || path.starts_with("/proc");
    if !is_handed_over && is_pipe(path) {
        anyhow::bail!(
            "cannot open {}: it is a pipe and no file; `-` reads the standard input",
            path.display()
        );
    }
    let opened = File::open(path);
    if matches!(&opened, Err(error) if error.kind() == io::ErrorKind::NotFound) {
        anyhow::bail!("{} is not there", path.display());
    }
    let file = opened.with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(BufReader::new(file)))
}

/// Refuses what is no experiment file before it is read.
#[cfg(unix)]
pub(crate) fn check_experiment(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        anyhow::bail!(
            "{} is a directory: give the experiment file, or a run's directory to `rungkeeper resume`",
            path.display()
        );
    }
    let found = std::fs::symlink_metadata(path);
    if found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        anyhow::bail!(
            "{0} is not there: give the experiment file, or write one with `rungkeeper init {0}`",
            path.display()
        );
    }
    Ok(())
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

/// The files named, the standard input if none is.
pub(crate) fn or_standard_input(files: &[PathBuf]) -> Vec<PathBuf> {
    if files.is_empty() {
        vec![PathBuf::from("-")]
    } else {
        files.to_vec()
    }
}

/// Bytes, as "20 GB".
pub(crate) fn size(text: &str) -> Option<u64> {
    text.parse::<ByteSize>().ok().map(|size| size.as_u64())
}

/// How a file is called in messages.
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        crate::plain::path(path)
    }
}
