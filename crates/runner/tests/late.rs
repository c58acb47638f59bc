//! Things that happen while something else is under way: removals while a program is started, a stop right after a crash,
//! requests that cannot be taken away.
#![cfg(unix)]

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use rungkeeper_runner::journal::Journal;
use rungkeeper_runner::{Observer, Outcome, ResumeOptions, Runner, Stop};
use rungkeeper_tuner::replay::Replay;
use rungkeeper_tuner_hooks::Decision;
use rungkeeper_tuner_hooks::log::Event;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(program: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("train.sh"), program).unwrap();
        let experiment = format!(
            r#"
name = "late"
command = ["sh", "train.sh", "{{checkpoint_dir}}", "{{x}}", "{{trial}}"]
metric = "loss"
resource = "epoch"
grace = 2
{more}

[space]
x = {{ type = "uniform", low = 0.0, high = 1.0 }}

[scheduler]
max_resource = 9
"#
        );
        fs::write(folder.path().join("experiment.toml"), experiment).unwrap();
        Self(folder)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn edit(&self, written: &str, instead: &str) {
        let file = self.path("experiment.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace(written, instead)).unwrap();
    }

    fn create<'o>(&self, watch: &'o mut Watch) -> Runner<'o> {
        Runner::create(&self.path("experiment.toml"), &self.path("run"), watch).unwrap()
    }

    /// The events of the log. A replay comes to each of its decisions.
    fn events(&self) -> Vec<Event> {
        let (header, events) = Journal::read(&self.path("run/log.jsonl")).unwrap();
        let events: Vec<Event> = events.map(|recorded| recorded.unwrap().0).collect();
        let mut replay = Replay::checked(&header).unwrap();
        for (i, event) in events.iter().enumerate() {
            replay.feed(i + 2, event).unwrap();
        }
        replay.finish().unwrap();
        let comparison = replay.comparison();
        assert!(comparison.passes(), "{comparison:?}");
        assert_eq!(comparison.agree, comparison.loop_ends, "{comparison:?}");
        events
    }
}

/// Keeps what it is told, and stops once that holds.
#[derive(Default)]
struct Watch {
    notes: Vec<String>,
    events: Vec<Event>,
    stops: Option<fn(&Watch) -> bool>,
}

impl Observer for Watch {
    fn event(&mut self, event: &Event) {
        self.events.push(event.clone());
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }

    fn stop(&mut self) -> Stop {
        match self.stops {
            Some(stops) if stops(self) => Stop::Cleanly,
            _ => Stop::No,
        }
    }
}

/// Its checkpoint has many files, so that a restore takes a while.
const MANY_FILES: &str = r#"
dir=$1; x=$2; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
if [ ! -f "$dir/1" ]; then i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo $i > "$dir/$i"; done; fi
while [ "$epoch" -lt 9 ]; do
  epoch=$((epoch + 1)); echo "$epoch" > "$dir/epoch"
  echo "{\"epoch\": $epoch, \"loss\": $x, \"checkpoint\": true}"
  read -r answer || exit 1
  [ "$answer" = pause ] && exit 0
done
"#;

/// While the checkpoint of a promoted trial is restored it is none that could be removed.
#[test]
fn what_a_promoted_trial_starts_from_is_not_given_up() {
    let more = "workers = 4\nstop = { trials = 16 }\n\
                budget = { policy = \"random\", max_checkpoints = 6 }";
    let folder = Folder::new(MANY_FILES, more);
    let mut watch = Watch::default();
    assert_eq!(folder.create(&mut watch).run().unwrap(), Outcome::Finished);
    let (mut paused, mut launched) = (HashSet::new(), HashSet::new());
    let mut removals = 0;
    for event in folder.events() {
        match event {
            Event::Result {
                trial,
                decision: Decision::Pause,
                ..
            } => drop(paused.insert(trial)),
            Event::Launch { trial, .. } if paused.contains(&trial) => drop(launched.insert(trial)),
            Event::Resume { trial, .. } => {
                paused.remove(&trial);
                launched.remove(&trial);
            }
            Event::Remove { removal, .. } => {
                removals += 1;
                let trial = &removal.trial;
                assert!(!launched.contains(trial), "{trial} is about to run");
            }
            _ => {}
        }
    }
    assert!(removals > 3, "{removals}");
}

/// It saves each epoch, crashes behind the fifth, and then takes its time.
const CRASHES_ONCE: &str = r#"
dir=$1; trial=$3; epoch=0
[ -f "$dir/epoch" ] && epoch=$(cat "$dir/epoch")
echo "$epoch" >> began
[ -e crashed ] && [ ! -e stopped ] && { : > again; trap 'exit 1' TERM; while :; do sleep 0.02; done; }
while [ "$epoch" -lt 9 ]; do
  [ "$epoch" = 5 ] && [ ! -e crashed ] && { : > crashed; exit 1; }
  epoch=$((epoch + 1))
  echo "$epoch" > "$dir/epoch.new" && mv "$dir/epoch.new" "$dir/epoch"
  REPORT
  [ "$answer" = pause ] && exit 0
done
"#;

/// A program crashed, was started again from what it had left, and is stopped before it reports anything.
#[test]
fn what_a_crashed_program_left_survives_a_stop() {
    let answered =
        r#"echo "{\"epoch\": $epoch, \"loss\": 1, \"checkpoint\": true}"; read -r answer"#;
    let one_way = r#"echo "[tune-metric]: {\"epoch\": $epoch, \"loss\": 1}"; sleep 0.1"#;
    for (protocol, report) in [("answered", answered), ("one_way", one_way)] {
        for stops in [is_started_again as fn(&Watch) -> bool, has_crashed] {
            stopped_behind_a_crash(protocol, report, stops);
        }
    }
}

fn is_started_again(watch: &Watch) -> bool {
    let again = |event: &Event| matches!(event, Event::Restart { .. });
    watch.events.iter().any(again)
}

/// Its program is about to be started again.
fn has_crashed(watch: &Watch) -> bool {
    watch.notes.iter().any(|note| note.contains("crashed"))
}

fn stopped_behind_a_crash(protocol: &str, report: &str, stops: fn(&Watch) -> bool) {
    let more =
        format!("protocol = \"{protocol}\"\nfailures = {{ retries = 1 }}\nstop = {{ trials = 1 }}");
    let folder = Folder::new(&CRASHES_ONCE.replace("REPORT", report), &more);
    folder.edit("max_resource = 9", "max_resource = 9\nlevels = [8]");
    let mut watch = Watch {
        stops: Some(stops),
        ..Watch::default()
    };
    let outcome = folder.create(&mut watch).run().unwrap();
    assert_eq!(outcome, Outcome::Stopped, "{protocol}: {:?}", watch.notes);
    fs::write(folder.path("stopped"), "").unwrap();
    let mut watch = Watch::default();
    let run = folder.path("run");
    let mut runner = Runner::resume(&run, &ResumeOptions::default(), &mut watch).unwrap();
    assert_eq!(runner.run().unwrap(), Outcome::Finished);
    drop(runner);
    let began = fs::read_to_string(folder.path("began")).unwrap();
    let began: Vec<&str> = began.lines().filter(|&epoch| epoch != "8").collect();
    let expected = ["0", "5", "5"];
    assert!(
        began.len() > 1 && began == expected[..began.len()],
        "{protocol}: {began:?}, {:?}",
        watch.notes
    );
    folder.events();
}

/// A request that is no file, and whose place to be put aside is taken, ends nobody's run.
#[test]
fn a_request_that_cannot_be_taken_away_is_passed_over() {
    let program = "echo '{\"epoch\": 1, \"loss\": 1}'; sleep 0.5; exit 0";
    let folder = Folder::new(program, "stop = { trials = 2 }");
    let mut watch = Watch::default();
    let mut runner = folder.create(&mut watch);
    let requests = folder.path("run/requests");
    fs::create_dir_all(requests.join("1.request")).unwrap();
    fs::create_dir_all(requests.join("1.ignored/taken")).unwrap();
    assert_eq!(runner.run().unwrap(), Outcome::Finished);
    drop(runner);
    let said = |text: &str| {
        watch
            .notes
            .iter()
            .filter(|note| note.contains(text))
            .count()
    };
    assert_eq!(said("passed over"), 1, "{:?}", watch.notes);
}

/// Nobody waits in silence for a program from which nothing can come.
#[test]
fn a_program_that_closes_its_output_is_told() {
    let program = "echo '{\"epoch\": 1, \"loss\": 1}'; read answer; exec >&-; sleep 2";
    let more = "stop = { trials = 1 }\nfailures = { silence = \"300 ms\" }";
    let folder = Folder::new(program, more);
    folder.edit("max_resource = 9", "max_resource = 9\ngrace_period = 3");
    let mut watch = Watch::default();
    folder.create(&mut watch).run().unwrap();
    let told = watch
        .notes
        .iter()
        .filter(|note| note.contains("closed its output"));
    assert_eq!(told.count(), 1, "{:?}", watch.notes);
}

/// A random policy draws on where it was interrupted.
#[test]
fn a_random_policy_goes_on_with_its_numbers() {
    let more = "workers = 2\nstop = { trials = 24 }\n\
                budget = { policy = \"random\", max_checkpoints = 6 }";
    let folder = Folder::new(&MANY_FILES.replace("200", "1"), more);
    let mut watch = Watch {
        stops: Some(|watch| {
            let ends = |event: &&Event| matches!(event, Event::LoopEnd(_));
            watch.events.iter().filter(ends).count() >= 5
        }),
        ..Watch::default()
    };
    assert_eq!(folder.create(&mut watch).run().unwrap(), Outcome::Stopped);
    folder.events();
    let mut watch = Watch::default();
    let run = folder.path("run");
    let mut runner = Runner::resume(&run, &ResumeOptions::default(), &mut watch).unwrap();
    runner.run().unwrap();
    drop(runner);
    let ends = |event: &&Event| matches!(event, Event::LoopEnd(_));
    assert!(folder.events().iter().filter(ends).count() > 8);
}
