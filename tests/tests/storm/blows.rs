//! The blows of a storm.

use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;

use super::processes::{self, Marked};
use super::{PATIENCE, Storm, Told, wait_for};

/// The signals by which a runner is asked to end.
const ASKING: [Signal; 3] = [Signal::TERM, Signal::INT, Signal::HUP];

impl Storm<'_> {
    /// Strikes a runner, its programs or all of them. How the runner was told to end, if it was.
    pub(super) fn strike(&mut self, runner: u32) -> Told {
        match self.draws.below(12) {
            0 | 1 => self.kill_or_hold_a_program(),
            2 => self.hold(runner),
            3 => self.refuse_deletions(),
            4 => self.ask_beside(),
            5 | 6 => {
                self.note("KILL the runner");
                processes::signal(runner, Signal::KILL);
                return vec![Signal::KILL];
            }
            7 => {
                self.note("KILL all, the runner first");
                processes::signal(runner, Signal::KILL);
                processes::signal_programs(&self.programs(), Signal::KILL);
                return vec![Signal::KILL];
            }
            8 | 9 => return self.ask_to_end(runner),
            10 => return self.tell_everyone(runner),
            _ => return self.shut_down(runner),
        }
        Told::new()
    }

    fn programs(&self) -> Vec<Marked> {
        let mut all = processes::marked(self.mark());
        all.retain(Marked::is_program);
        all
    }

    fn moment(&mut self, milliseconds: u64) {
        sleep(Duration::from_millis(self.draws.below(milliseconds)));
    }

    fn asking(&mut self) -> Signal {
        ASKING[usize::try_from(self.draws.below(3)).unwrap()]
    }

    /// One program dies, or stands still for a moment.
    fn kill_or_hold_a_program(&mut self) {
        let mut programs = self.programs();
        if programs.is_empty() {
            return;
        }
        let one = self.draws.below(programs.len() as u64);
        let one = [programs.swap_remove(usize::try_from(one).unwrap())];
        if self.weather.crashes && self.draws.below(2) == 0 {
            self.note(format!("KILL program {}", one[0].id));
            processes::signal_programs(&one, Signal::KILL);
        } else {
            self.note(format!("STOP program {}", one[0].id));
            processes::signal_programs(&one, Signal::STOP);
            self.moment(300);
            processes::signal_programs(&one, Signal::CONT);
        }
    }

    /// The runner stands still for a moment, and every second time its programs with it.
    fn hold(&mut self, runner: u32) {
        let programs = if self.draws.below(2) == 0 {
            self.programs()
        } else {
            Vec::new()
        };
        self.note(format!("STOP the runner, {} programs", programs.len()));
        processes::signal(runner, Signal::STOP);
        processes::signal_programs(&programs, Signal::STOP);
        self.moment(300);
        processes::signal_programs(&programs, Signal::CONT);
        processes::signal(runner, Signal::CONT);
    }

    /// For a moment nothing can be moved to where it waits to be deleted.
    fn refuse_deletions(&mut self) {
        if self.weather.refused {
            self.note("deletions are refused");
            self.let_delete(false);
            self.moment(400);
            self.let_delete(true);
        }
    }

    /// A runner is asked to end once, twice, or killed when it takes its time.
    fn ask_to_end(&mut self, runner: u32) -> Told {
        let signal = self.asking();
        processes::signal(runner, signal);
        let more = self.draws.below(3);
        self.note(format!("{signal:?} the runner, then {more}"));
        if more == 0 {
            return vec![signal];
        }
        self.moment(300);
        let second = [signal, Signal::KILL][usize::from(more == 2)];
        processes::signal(runner, second);
        vec![signal, second]
    }

    /// As SLURM does, or whoever shuts a machine down: all are told within some milliseconds, in
    /// either order.
    fn tell_everyone(&mut self, runner: u32) -> Told {
        let signal = self.asking();
        let first = self.draws.below(2) == 0;
        let programs = self.programs();
        self.note(format!("{signal:?} everyone, runner first: {first}"));
        if first {
            processes::signal(runner, signal);
        }
        self.moment(10);
        processes::signal_programs(&programs, signal);
        if !first {
            self.moment(10);
            processes::signal(runner, signal);
        }
        vec![signal]
    }

    /// All are told, and a moment later all are killed.
    fn shut_down(&mut self, runner: u32) -> Told {
        let mut told = self.tell_everyone(runner);
        self.moment(800);
        self.note("KILL all that is left");
        processes::signal(runner, Signal::KILL);
        processes::signal_programs(&self.programs(), Signal::KILL);
        told.push(Signal::KILL);
        told
    }

    /// Something is asked while the run goes on, by a command that may be killed.
    fn ask_beside(&mut self) {
        if self.has_log() {
            self.other_command(true);
        }
    }

    /// Between two runners, sometimes, another command works on the run and is struck. Number of
    /// blows.
    pub(super) fn another_command(&mut self) -> u64 {
        if !self.has_log() || self.draws.below(2) == 0 {
            return 0;
        }
        self.other_command(false);
        super::checks::at_any_moment(&self.run());
        self.nobody_complained();
        1
    }

    fn other_command(&mut self, beside: bool) {
        let kinds = if beside { 4 } else { 6 };
        let mut arguments = match self.draws.below(kinds) {
            0 => vec!["status".to_owned()],
            1 => vec!["gc".to_owned(), "--dry-run".to_owned()],
            2 | 3 => match self.pinned.take() {
                Some(trial) => vec!["unpin".to_owned(), trial],
                None => match self.some_paused() {
                    Some(trial) => {
                        self.pinned = Some(trial.clone());
                        vec!["pin".to_owned(), trial]
                    }
                    None => return,
                },
            },
            _ => vec!["gc".to_owned()],
        };
        arguments.push("run".to_owned());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut child = self.command(&arguments).spawn().unwrap();
        self.moment(60);
        let signals = [
            None,
            Some(Signal::KILL),
            Some(Signal::TERM),
            Some(Signal::INT),
        ];
        let signal = signals[usize::try_from(self.draws.below(4)).unwrap()];
        if let Some(signal) = signal {
            processes::signal(child.id(), signal);
        }
        let status = wait_for(&mut child, PATIENCE);
        self.note(format!("{arguments:?}, {signal:?}: {status}"));
        // What cannot be done just now is refused; nothing panics (101).
        assert!(matches!(status.code(), None | Some(0 | 1 | 130 | 143)));
    }
}
