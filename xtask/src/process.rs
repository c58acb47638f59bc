//! Running a command: echoed before it runs, named when it fails.
use std::{
    ffi::OsString,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

use anyhow::{Context, Result, ensure};

/// One call of a program.
pub(crate) struct Invocation {
    command: Command,
    shown: String,
}

impl Invocation {
    /// `program` with `args`, to be run in `directory`.
    pub(crate) fn new<S: AsRef<str>>(
        program: &str,
        directory: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        Self::from_parts(program.into(), program, directory, args)
    }

    /// The cargo that runs this program, so that one toolchain serves throughout.
    pub(crate) fn cargo<S: AsRef<str>>(
        directory: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::from_parts(program, "cargo", directory, args)
    }

    fn from_parts<S: AsRef<str>>(
        program: OsString,
        name: &str,
        directory: &Path,
        args: impl IntoIterator<Item = S>,
    ) -> Self {
        let mut command = Command::new(program);
        command.current_dir(directory);
        let mut shown = name.to_owned();
        for arg in args {
            command.arg(arg.as_ref());
            shown.push(' ');
            shown.push_str(&quoted(arg.as_ref()));
        }
        Self { command, shown }
    }

    /// Sets an environment variable, which the echo shows in front.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self.shown = format!("{name}={} {}", quoted(value), self.shown);
        self
    }

    /// What it says on its standard error is not shown: there is a lot of it, and none is of interest unless it fails.
    pub(crate) fn without_errors(mut self) -> Self {
        self.command.stderr(Stdio::null());
        self
    }

    /// Runs it with the terminal's input and output; an error when it does not succeed.
    pub(crate) fn run(mut self) -> Result<()> {
        let status = self.status()?;
        self.succeeded(status)
    }

    /// As [`run`](Self::run), but says with which code it ended.
    pub(crate) fn code(mut self) -> Result<Option<i32>> {
        Ok(self.status()?.code())
    }

    fn status(&mut self) -> Result<ExitStatus> {
        self.echo();
        let status = self.command.status();
        status.with_context(|| format!("cannot run `{}`", self.shown))
    }

    /// As [`run`](Self::run), and hands each line of its standard output to `see` after printing it.
    pub(crate) fn run_seeing(self, mut see: impl FnMut(&str)) -> Result<()> {
        self.run_reading(|line| {
            println!("{line}");
            see(line);
        })
    }

    /// As [`run`](Self::run), with a label before each line of its standard output, to tell it from what runs beside it.
    pub(crate) fn run_labelled(self, label: &str) -> Result<()> {
        self.run_reading(|line| println!("{label}: {line}"))
    }

    fn run_reading(mut self, mut read: impl FnMut(&str)) -> Result<()> {
        self.echo();
        let mut child = self.spawn()?;
        let lines = BufReader::new(child.stdout.take().context("standard output is piped")?);
        for line in lines.split(b'\n') {
            let line = line.with_context(|| format!("reading the output of `{}`", self.shown))?;
            read(&String::from_utf8_lossy(&line));
        }
        let status = child.wait()?;
        self.succeeded(status)
    }

    /// Runs it without an echo and returns its standard output.
    pub(crate) fn output(mut self) -> Result<String> {
        let child = self.spawn()?;
        let output = child.wait_with_output()?;
        self.succeeded(output.status)?;
        String::from_utf8(output.stdout)
            .with_context(|| format!("the output of `{}` is not UTF-8", self.shown))
    }

    fn spawn(&mut self) -> Result<Child> {
        let child = self.command.stdout(Stdio::piped()).spawn();
        child.with_context(|| format!("cannot run `{}`", self.shown))
    }

    fn echo(&self) {
        println!("$ {}", self.shown);
    }

    fn succeeded(&self, status: ExitStatus) -> Result<()> {
        ensure!(status.success(), "`{}` failed: {status}", self.shown);
        Ok(())
    }
}

/// The argument as one can paste it into a shell.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@{}".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn the_echo_can_be_pasted() {
        let call = Invocation::new("cargo", here(), ["test", "--test", "props*", "it's"])
            .env("RUSTDOCFLAGS", "-D warnings");
        let shown = r"RUSTDOCFLAGS='-D warnings' cargo test --test 'props*' 'it'\''s'";
        assert_eq!(call.shown, shown);
    }

    #[test]
    fn a_failure_names_the_command() {
        let differing = ["diff", "--no-index", "--quiet", "Cargo.toml", "src/main.rs"];
        let error = Invocation::new("git", here(), differing)
            .run()
            .unwrap_err()
            .to_string();
        let expected = "`git diff --no-index --quiet Cargo.toml src/main.rs` failed";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn each_line_is_seen() {
        let mut seen = 0;
        let call = Invocation::cargo(here(), ["--version", "--verbose"]);
        call.run_seeing(|line| seen += usize::from(line.contains(':')))
            .unwrap();
        assert!(seen > 2);
    }
}
