//! Room: full disks, the most that a run takes, output that grows.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use crate::runs;
use crate::runs::life::{BOTH, Project, Protocol, trainer};
use crate::runs::system::{Mounted, done, wait_until};

const ONE_LEVEL: &str = "max_resource = 100\nlevels = [1]";
const TRIALS: usize = 16;

/// Writes 2 MB in each epoch, and dies where it cannot.
const LARGE: &str = r#"head -c 2000000 /dev/zero > "$dir/weights" || exit 1"#;

/// A run of 16 trials with a small disk at `disk`.
struct Small {
    project: Project,
    disk: Mounted,
    store: PathBuf,
}

impl Small {
    /// With the log on the disk it is the run's folder, and otherwise that of the store.
    fn new(protocol: Protocol, each: &str, with_log: bool, options: &str) -> Self {
        let more = format!("grace = 1\nworkers = 2\nstop = {{ trials = {TRIALS} }}");
        let program = trainer(protocol, "", each);
        let project = Project::with_scheduler(protocol, &program, &more, ONE_LEVEL);
        let (disk, store) = if with_log {
            (project.run(), project.run().join("checkpoints"))
        } else {
            (project.file("disk"), project.file("disk/store"))
        };
        let (written, place) = ("grace = 1", store.display());
        let told = format!("{written}\nstore = {{ location = \"{place}\", timeout = 2 }}");
        project.edit("e.toml", written, &told);
        let disk = Mounted::disk(&disk, options);
        Self {
            project,
            disk,
            store,
        }
    }

    /// It stops with the reason; with more room it goes on, and nothing was lost or has failed.
    fn stops_and_goes_on(&self, more_room: &str) {
        let said = self.project.begin().ends();
        assert_eq!(said.code, Some(1), "{}", said.all());
        let last = said.notes.lines().last().unwrap_or_default().to_lowercase();
        let reason = ["no space", "no room", "full"];
        assert!(
            reason.iter().any(|word| last.contains(word)),
            "{}",
            said.all()
        );
        self.project.nothing_is_lost(100);
        let again = self.project.say(&["resume", "run"]);
        assert_eq!(again.code, Some(1), "there is no room yet: {}", again.all());
        self.project.nothing_is_lost(100);
        self.disk.remount(more_room);
        self.project.resume();
        self.project.nothing_is_lost(100);
        let checkpoints = runs::names(&self.store.join("checkpoints"));
        assert_eq!(checkpoints.len(), TRIALS);
        let replay = ["replay", "--check", "run/log.jsonl"];
        self.project.say(&replay).finished();
    }
}

/// A disk of 20 MB for 16 checkpoints of 2 MB; the log is somewhere else.
#[test]
fn disk_full() {
    for protocol in BOTH {
        Small::new(protocol, LARGE, false, "size=20m").stops_and_goes_on("size=100m");
    }
}

/// Programs that give back the room of what they could not write: two at once, so that there is room for one when both have.
#[test]
fn disk_full_until_programs_clean_up() {
    let clean = r#"head -c 2000000 /dev/zero > "$dir/new" || { sleep 0.2; rm "$dir/new"; exit 3; }; mv "$dir/new" "$dir/weights""#;
    for protocol in BOTH {
        for with_log in [false, true] {
            Small::new(protocol, clean, with_log, "size=21m").stops_and_goes_on("size=100m");
        }
    }
}

/// All that the run writes is on that disk.
#[test]
fn disk_full_with_the_log_on_it() {
    for protocol in BOTH {
        Small::new(protocol, LARGE, true, "size=20m").stops_and_goes_on("size=100m");
    }
}

/// There is room, but no more files can be made.
#[test]
fn disk_full_of_files() {
    for protocol in BOTH {
        let small = Small::new(protocol, "", false, "size=20m,nr_inodes=60");
        small.stops_and_goes_on("nr_inodes=10000");
    }
}

/// A store that cannot be written for a second and a half, and a run that is not root's: it waits,
/// or it stops with the reason; nothing is lost, and no trial has failed.
#[test]
fn disk_full_for_a_moment() {
    unwritable_for_a_moment("-not -path '*/live*'");
}

/// The same, and the programs' own folders are among what cannot be written: they die of it.
#[test]
fn disk_full_for_a_moment_for_programs_too() {
    unwritable_for_a_moment("");
}

/// `which` are conditions on the folders that cannot be written.
fn unwritable_for_a_moment(which: &str) {
    for protocol in BOTH {
        let more = "grace = 1\nworkers = 2\nstop = { trials = 24 }";
        let program = trainer(protocol, "", "sleep 0.1");
        let mut project = Project::with_scheduler(protocol, &program, more, ONE_LEVEL);
        project.without_privileges();
        let run = project.begin();
        project.wait_for("some checkpoints", |log| log.of("checkpoint").len() >= 4);
        let store = project.run().join("checkpoints");
        let folders = |mode: &str| {
            let store = store.display();
            let command = format!("find {store} -type d {which} -exec chmod {mode} {{}} + || true");
            done("sh", &["-c", &command]);
        };
        folders("a-w");
        sleep(Duration::from_millis(1_500));
        folders("u+w");
        let said = run.ends();
        assert!(matches!(said.code, Some(0 | 1)), "{}", said.all());
        project.nothing_is_lost(100);
        project.resume();
        project.nothing_is_lost(100);
        assert_eq!(project.stored().len(), 24);
        project.agrees();
    }
}

/// Bytes on the disk below a folder; a file with several names counts once.
fn taken(folder: &Path) -> u64 {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(directory) = open.pop() {
        // Anything may go while it is looked at.
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => {
                    files.insert(metadata.ino(), metadata.len());
                }
                Err(_) => {}
            }
        }
    }
    files.values().sum()
}

/// A budget of 8 MB, four workers, 1 MB each: the store takes the budget and a checkpoint for each
/// worker, and for an instant what is being deleted, a checkpoint per worker at most.
#[test]
fn room_on_the_disk() {
    // Written in place: the program itself takes no more than its checkpoint.
    let each = r#"head -c 1000000 /dev/zero > "$dir/weights""#;
    for protocol in BOTH {
        let budget = "budget = { max_bytes = \"8 MB\" }";
        let more = format!("grace = 1\nworkers = 4\nstop = {{ trials = 40 }}\n{budget}");
        let project = Project::new(protocol, &trainer(protocol, "", each), &more);
        let mut run = project.begin();
        let store = project.run().join("checkpoints");
        let (mut most, mut looks, mut above) = (0, 0_u32, 0);
        while !run.is_over() {
            let bytes = taken(&store);
            most = most.max(bytes);
            looks += 1;
            above += u32::from(bytes > 12_200_000);
            sleep(Duration::from_millis(2));
        }
        run.ends().finished();
        let told = format!("{protocol:?}: {most} at most, above in {above} of {looks} looks");
        assert!(most > 7_000_000, "{told}");
        assert!(most <= 16_300_000, "{told}");
        assert!(above * 20 <= looks, "{told}");
        project.agrees();
    }
}

/// Of a trial's output the file with its head, and all that is kept: the tail has files of its own.
fn output(project: &Project, trial: u32) -> (String, String) {
    let names = runs::names(&project.run().join("output"));
    let mine = names
        .iter()
        .filter(|name| name.starts_with(&format!("{trial}.")));
    let all = mine.map(|name| project.read(&format!("run/output/{name}")));
    let head = project.read(&format!("run/output/{trial}.log"));
    (head, all.collect())
}

/// 30 trials with 700 kB of output each: what is kept of one has a bound, its head and its tail are
/// there, and `status` tells what all take.
#[test]
fn output_grows() {
    let begin = r#"echo "head of $trial at $epoch"; head -c 700000 /dev/zero | tr '\0' 'o' | fold
echo "tail of $trial at $epoch""#;
    for protocol in BOTH {
        let more = "grace = 1\nworkers = 2\noutput = \"100 kB\"\nstop = { trials = 30 }";
        let program = trainer(protocol, begin, "");
        let project = Project::with_scheduler(protocol, &program, more, ONE_LEVEL);
        project.finish();
        for trial in 0..30 {
            let (head, kept) = output(&project, trial);
            assert!((50_000..=101_000).contains(&kept.len()), "{}", kept.len());
            assert!(head.starts_with(&format!("head of {trial} at 0\n")));
            assert!(kept.contains(&format!("tail of {trial} at 0\n")));
        }
        let status = project.say(&["status", "run"]).finished().out;
        assert!(status.contains("output"), "{status}");
    }
}

/// The bound where none is told: 10 MB.
#[test]
fn output_grows_to_the_default() {
    let begin = "echo first; head -c 12000000 /dev/zero | tr '\\0' 'o' | fold; echo last";
    let program = trainer(Protocol::Answered, begin, "");
    let more = "stop = { trials = 1 }";
    let project = Project::with_scheduler(Protocol::Answered, &program, more, ONE_LEVEL);
    project.finish();
    let (head, kept) = output(&project, 0);
    let size = kept.len();
    assert!((7_000_000..=10_100_000).contains(&size), "{size}");
    assert!(head.starts_with("first\n") && kept.contains("last\n"));
    wait_until("nothing is left", || project.programs().is_empty());
}
