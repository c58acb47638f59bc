//! A run, and the storm that it stands in: blows while a command works on it, checks whenever the
//! command has ended, another command, and so on until it is let finish.

mod blows;
mod checks;
mod processes;
mod program;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rungkeeper_tuner_hooks::TrialStatus;
use rungkeeper_tuner_hooks::log::Event;
use rustix::process::Signal;

use crate::runs::{Draws, read_whole_lines, replayed};
use processes::{MARK, Marked};

/// Time between a request to end and the kill, in the experiment file.
const GRACE: Duration = Duration::from_millis(500);
/// Longest time that a runner may take to end after a signal, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);
/// Trials of a run, and the most blows that it is dealt.
const TRIALS: usize = 16;
const BLOWS: u64 = 25;

/// What kind of storm it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) protocol: &'static str,
    /// Programs are killed by themselves too, and may crash as often as they like; without, one
    /// crash that counts would fail a trial.
    pub(crate) crashes: bool,
    /// Checkpoints hold a read-only folder, the store refuses for moments that anything is deleted,
    /// and the run is not root's.
    pub(crate) refused: bool,
}

/// Deals `blows` blows to as many runs as it takes, one at least, and lets each finish.
pub(crate) fn rages(weather: Weather, blows: u64, seed: u64) {
    let mut draws = Draws(seed);
    let mut dealt = 0;
    loop {
        dealt += Storm::new(weather, &mut draws).rage(BLOWS.min(blows - dealt));
        if dealt >= blows {
            return;
        }
    }
}

/// A run in its storm.
struct Storm<'d> {
    weather: Weather,
    draws: &'d mut Draws,
    folder: tempfile::TempDir,
    /// What happened so far, for whoever has to find out why a check failed.
    history: Vec<String>,
    pinned: Option<String>,
}

/// The signals by which a runner was told to end; none: it goes on.
type Told = Vec<Signal>;

impl<'d> Storm<'d> {
    fn new(weather: Weather, draws: &'d mut Draws) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path();
        for inner in ["owners", "beats"] {
            fs::create_dir(place.join(inner)).unwrap();
        }
        let seed = draws.below(1000);
        let program = program::program("0.1", weather.refused);
        fs::write(place.join("train.sh"), program).unwrap();
        fs::write(place.join("experiment.toml"), experiment(weather, seed)).unwrap();
        if weather.refused && is_root() {
            // Whoever the run belongs to must reach the binary, and own what is here.
            fs::copy(crate::binary::path(), place.join("rungkeeper")).unwrap();
            let chown = ["-R", "65534:65534"];
            let mut chown = Command::new("chown")
                .args(chown)
                .arg(place)
                .spawn()
                .unwrap();
            assert!(chown.wait().unwrap().success());
        }
        Self {
            weather,
            draws,
            folder,
            history: vec![format!("seed of the scheduler: {seed}")],
            pinned: None,
        }
    }

    fn run(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    fn mark(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    fn note(&mut self, what: impl Into<String>) {
        self.history.push(what.into());
    }

    /// Deals at most `most` blows; how many there were before the run had finished.
    fn rage(mut self, most: u64) -> u64 {
        let mut dealt = 0;
        while dealt < most && !self.has_finished() {
            dealt += self.session(most - dealt);
            if !self.has_finished() {
                dealt += self.another_command();
            }
        }
        self.finish();
        dealt
    }

    fn has_log(&self) -> bool {
        self.run().join("log.jsonl").exists()
    }

    fn has_finished(&self) -> bool {
        if !self.has_log() {
            return false;
        }
        let (_, events) = read_whole_lines(&self.run());
        // Behind the end there may be what a command has done to the finished run.
        let mut since_the_end = events
            .iter()
            .rev()
            .take_while(|event| !matches!(event, Event::Launch { .. } | Event::Start { .. }));
        since_the_end.any(|event| matches!(event, Event::End(_)))
    }

    /// A runner, from its start to its end; how many blows it took.
    fn session(&mut self, most: u64) -> u64 {
        let old = processes::marked(self.mark());
        let lines = self.lines_of_starts();
        let mut child = self.start();
        let (mut dealt, mut told) = (0, Told::new());
        while dealt < most && told.is_empty() && child.try_wait().unwrap().is_none() {
            let long = self.draws.below(3) > 0;
            let milliseconds = self.draws.below(if long { 400 } else { 40 });
            sleep(Duration::from_millis(milliseconds));
            told = self.strike(child.id());
            dealt += 1;
            self.nobody_of(&old, lines);
        }
        if told.is_empty() && dealt == most {
            // Enough of it, and the next runner shall find it at rest.
            self.note("TERM, the last");
            processes::signal(child.id(), Signal::TERM);
            told = vec![Signal::TERM];
        }
        let status = wait_for(&mut child, PATIENCE);
        self.note(format!("it ended: {status}"));
        self.check_end(status, &told);
        dealt
    }

    /// `run`, or `resume` once there is something to resume.
    fn start(&mut self) -> Child {
        let mut arguments = vec!["run", "experiment.toml", "--dir", "run"];
        if self.has_log() {
            arguments = vec!["resume", "run"];
        }
        self.note(arguments[0]);
        self.command(&arguments).spawn().unwrap()
    }

    /// A command that leaves its mark on all its descendants.
    fn command(&self, arguments: &[&str]) -> Command {
        let place = self.folder.path();
        let mut command = crate::runs::with_default_signals();
        if self.weather.refused && is_root() {
            command
                .args(["setpriv", "--reuid=65534", "--regid=65534"])
                .arg("--clear-groups")
                .arg(place.join("rungkeeper"));
        } else {
            command.arg(crate::binary::path());
        }
        let said = |name: &str| {
            let mut options = File::options();
            let file = options.create(true).append(true).open(place.join(name));
            Stdio::from(file.unwrap())
        };
        command
            .args(arguments)
            .current_dir(place)
            .env(MARK, self.mark())
            .stdin(Stdio::null())
            .stdout(said("stdout"))
            .stderr(said("stderr"));
        command
    }

    /// What must hold after the end of a runner.
    fn check_end(&mut self, status: ExitStatus, told: &[Signal]) {
        let by = |signal: Signal| told.contains(&signal);
        let right = match (status.code(), status.signal()) {
            (Some(0), _) => self.has_finished(),
            (Some(130), _) => by(Signal::INT),
            (Some(143), _) => by(Signal::TERM) || by(Signal::HUP),
            // Killed, or told so early that it did not listen yet.
            (None, Some(signal)) => told.iter().any(|one| one.as_raw() == signal),
            _ => false,
        };
        assert!(right, "{status} after {told:?}");
        // One that a signal ended, by force or before it listened, could not end its programs.
        if status.code().is_some() {
            let alive = self.alive_after(Duration::from_secs(2));
            assert!(alive.is_empty(), "left behind: {alive:?}");
        }
        if self.has_log() {
            checks::at_any_moment(&self.run());
        }
        self.nobody_complained();
    }

    /// What of the run still lives after a moment, in which what was killed may go.
    fn alive_after(&self, moment: Duration) -> Vec<Marked> {
        let begin = Instant::now();
        loop {
            let alive = processes::marked(self.mark());
            if alive.is_empty() || begin.elapsed() > moment {
                return alive;
            }
            sleep(Duration::from_millis(5));
        }
    }

    fn nobody_complained(&self) {
        let complaints = fs::read_to_string(self.folder.path().join("complaints"));
        assert_eq!(complaints.unwrap_or_default(), "");
        let said = fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default();
        assert!(!said.contains("panicked"), "{said}");
    }

    /// Once a program of this session is in the log, none of an earlier one lives.
    fn nobody_of(&self, old: &[Marked], starts: usize) {
        if old.is_empty() || self.lines_of_starts() <= starts {
            return;
        }
        let alive = processes::marked(self.mark());
        let left: Vec<_> = alive.iter().filter(|one| old.contains(one)).collect();
        assert!(left.is_empty(), "beside new programs: {left:?}");
    }

    /// How often the log says that a program is started.
    fn lines_of_starts(&self) -> usize {
        let log = fs::read(self.run().join("log.jsonl")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        log.lines()
            .filter(|line| line.contains("\"event\":\"launch\""))
            .count()
    }

    /// A trial that has a checkpoint and waits.
    fn some_paused(&mut self) -> Option<String> {
        let (header, events) = read_whole_lines(&self.run());
        let replay = replayed(&header, &events);
        let trials = replay.callback().model().trials();
        let paused = trials.filter(|(_, status)| *status == TrialStatus::PausedWithCheckpoint);
        let paused: Vec<_> = paused.map(|(trial, _)| trial.to_owned()).collect();
        let one = self.draws.below(paused.len().max(1) as u64);
        paused.get(usize::try_from(one).unwrap()).cloned()
    }

    /// Lets the run come to its end, undisturbed.
    fn finish(mut self) {
        fs::write(self.folder.path().join("fast"), "").unwrap();
        self.let_delete(true);
        let mut child = self.start();
        let status = wait_for(&mut child, 4 * PATIENCE);
        self.check_end(status, &[]);
        let unheard = self.weather.protocol == "one_way";
        checks::at_the_end(&self.run(), TRIALS, unheard);
    }

    /// Whether files may be deleted: moved to where they wait for it.
    fn let_delete(&self, may: bool) {
        let mode = fs::Permissions::from_mode(if may { 0o755 } else { 0o555 });
        // Before the first run there is nothing yet.
        let _ = fs::set_permissions(self.run().join("checkpoints/trash"), mode);
    }
}

#[allow(
    clippy::print_stderr,
    reason = "a test that failed says how it came to that"
)]
impl Drop for Storm<'_> {
    fn drop(&mut self) {
        processes::end_all(self.mark());
        if std::thread::panicking() {
            let said = fs::read_to_string(self.folder.path().join("stderr")).unwrap_or_default();
            let history = self.history.join("\n  ");
            eprintln!("{:?}\n  {history}\nit said:\n{said}", self.weather);
            if std::env::var_os("RUNGKEEPER_KEEP").is_some() {
                self.folder.disable_cleanup(true);
                eprintln!("kept: {}", self.folder.path().display());
            }
        }
    }
}

/// Waits for the end of a process.
fn wait_for(child: &mut Child, patience: Duration) -> ExitStatus {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(begin.elapsed() < patience, "it does not end");
        sleep(Duration::from_millis(2));
    }
}

fn experiment(weather: Weather, seed: u64) -> String {
    let Weather {
        protocol, crashes, ..
    } = weather;
    let (workers, budget) = (checks::WORKERS, checks::BUDGET);
    let retries = if crashes { 1_000_000 } else { 0 };
    let grace = GRACE.as_millis();
    format!(
        r#"
name = "storm"
protocol = "{protocol}"
command = ["sh", "train.sh", "{{checkpoint_dir}}", "{{x}}", "{{trial}}", "{protocol}"]
metric = "loss"
resource = "epoch"
workers = {workers}
grace = "{grace}ms"
budget = {{ max_checkpoints = {budget} }}
stop = {{ trials = {TRIALS} }}
failures = {{ retries = {retries} }}

[space]
x = {{ type = "int", low = 100000, high = 999999 }}

[scheduler]
max_resource = 9
seed = {seed}
"#
    )
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A number that the environment gives, or the one for every day.
pub(crate) fn from_environment(name: &str, default: u64) -> u64 {
    let Some(value) = std::env::var_os(name) else {
        return default;
    };
    let value = value.to_str().and_then(|value| value.parse().ok());
    value.unwrap_or_else(|| panic!("{name} is no number"))
}
