//! The loop never waits for a disk.
#![cfg(unix)]
#![allow(
    clippy::print_stdout,
    reason = "the figures, for those who ask with --nocapture"
)]

mod binary;
mod runs;

use std::thread::sleep;
use std::time::Duration;

use runs::life::{BOTH, Project, Protocol, trainer};
use runs::system::wait_until;

/// Trial 0 reports every 20 ms and measures how long each answer takes while trial 1 pauses with
/// what the test is about. Trial 2 pauses behind it, so that trial 1 is promoted and restored.
fn beside(large: &str) -> String {
    format!(
        r#"
dir=$1; trial=$3; epoch=0
if [ "$trial" = 0 ]; then
  while [ ! -e enough ]; do
    epoch=$((epoch + 1)); sleep 0.02
    begin=$(date +%s%N)
    echo "{{\"epoch\": $epoch, \"loss\": 0.5}}"
    read -r answer || exit 1
    [ -e pauses ] && echo $((($(date +%s%N) - begin) / 1000)) >> answers
  done
  exit 0
fi
[ -f "$dir/epoch" ] && echo "{{\"epoch\": 20000, \"loss\": 0.1}}" && exit 0
[ "$trial" = 1 ] && {{ {large}; }}
echo 10000 > "$dir/epoch"; : > pauses
echo "{{\"epoch\": 10000, \"loss\": 0.$trial, \"checkpoint\": true}}"
read -r answer
exit 0
"#
    )
}

/// Microseconds that the answers took: the median, and the longest except for one in a hundred.
fn answers(large: &str) -> (u64, u64) {
    let more = "workers = 2\nstop = { trials = 3 }";
    // The first trial never comes to the rung.
    let scheduler = "max_resource = 20000\nlevels = [10000]";
    let program = beside(large);
    let project = Project::with_scheduler(Protocol::Answered, &program, more, scheduler);
    let run = project.begin();
    wait_until("it is committed, restored and at its end", || {
        let ended = project.log().last_level("1") == 20_000;
        ended && project.read("answers").lines().count() >= 100
    });
    project.write("enough", "");
    run.ends().finished();
    project.nothing_is_lost_but(&["0"], 20_000);
    let text = project.read("answers");
    let mut times: Vec<u64> = text.lines().map(|line| line.parse().unwrap()).collect();
    times.sort_unstable();
    (
        times[times.len() / 2],
        times[(times.len() * 99).div_ceil(100) - 1],
    )
}

/// The answers of the other trial take under 50 ms, except for one in a hundred. A machine with much
/// else to do holds up anybody, which the median shows: then they take under ten times that. The best of
/// three tries counts.
fn answers_come_in_time(large: &str) {
    let mut all = Vec::new();
    for _ in 0..3 {
        let (median, most) = answers(large);
        println!("answers: median {median} us, 99 % within {most} us");
        all.push((median, most));
        if most < 50_000.max(10 * median) {
            return;
        }
    }
    panic!("median and 99 % in microseconds: {all:?}");
}

#[test]
fn a_gigabyte_beside_20_ms() {
    answers_come_in_time(r#"head -c 1000000000 /dev/zero > "$dir/weights""#);
}

#[test]
fn three_thousand_files_beside_20_ms() {
    answers_come_in_time(r#"seq 3000 | split -l 1 -a 4 - "$dir/part-""#);
}

/// 20,000 small files are being committed, and the run is told to end twice at once: all is over
/// within the grace and 2 s.
#[test]
fn ctrl_c_twice_at_once() {
    let each = r#"seq 20000 | split -l 1 -a 5 - "$dir/part-""#;
    for (protocol, signal) in BOTH.into_iter().zip(["TERM", "INT"]) {
        let more = "workers = 1\ngrace = 3\nstop = { trials = 4 }";
        let scheduler = "max_resource = 100\nlevels = [1]";
        let program = trainer(protocol, "", each);
        let project = Project::with_scheduler(protocol, &program, more, scheduler);
        let run = project.begin();
        project.wait_for("a pause", |log| {
            !log.of("reported").is_empty() || !log.of("result").is_empty()
        });
        sleep(Duration::from_millis(100));
        run.signal(signal);
        run.signal(signal);
        let said = run.ends_within(Duration::from_secs(3 + 2));
        let code = if signal == "INT" { 130 } else { 143 };
        assert_eq!(said.code, Some(code), "{}", said.all());
        assert!(project.programs().is_empty(), "{:?}", project.programs());
        assert!(project.log().of("failed").is_empty());
        assert!(project.log().of("remove").is_empty());
    }
}
