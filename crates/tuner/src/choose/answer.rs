use rungkeeper_rung_model::Mode;

use crate::choose::{BestReport, LevelSource};

/// What can go, and what is there.
///
/// ```
/// use rungkeeper_tuner::choose::{LevelSource, Question, RunRow, RunTable, choose};
/// use rungkeeper_tuner_hooks::Budget;
///
/// let mut table = RunTable::new("my run", "loss");
/// for (trial, resource, loss) in [("a", 1, 0.5), ("b", 1, 0.3), ("b", 3, 0.2)] {
///     table.push(&RunRow::new(trial, resource, loss));
/// }
/// let question = Question { max_resource: Some(27), ..Question::new(Budget::of_checkpoints(2)) };
/// let chosen = choose(&table, &question)?;
/// assert_eq!((chosen.levels, chosen.levels_from), (vec![1, 3, 9], LevelSource::Table));
/// assert_eq!((chosen.held, chosen.held_bytes, chosen.best), (2, None, None));
/// # Ok::<(), rungkeeper_tuner::choose::ChooseError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Chosen {
    /// The metric by which trials are ranked.
    pub metric: String,
    /// Whether small or large values of it are good.
    pub mode: Mode,
    /// Rung levels that were used, rising.
    pub levels: Vec<u64>,
    /// Whether they are a guess: see `levels_from`.
    pub levels_guessed: bool,
    /// What tells those levels.
    pub levels_from: LevelSource,
    /// Resource at which trials end.
    pub max_resource: u64,
    /// The trials.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub trials: Tally,
    /// Checkpoints held that count: those of running, waiting and pinned trials.
    pub held: usize,
    /// Bytes of those whose size is told; `None` where none is.
    pub held_bytes: Option<u64>,
    /// Checkpoints that could go.
    pub candidates: usize,
    /// Held checkpoints whose size is not told though the table has sizes: they count as 0 bytes.
    #[cfg_attr(feature = "serde", serde(skip))]
    pub unsized_checkpoints: usize,
    /// What is freed, in bytes, by those whose size is known; `None` where none is.
    pub freed_bytes: Option<u64>,
    /// Checkpoints too many that are left although all candidates go.
    pub checkpoints_over: u64,
    /// Bytes too many that are left although all candidates go.
    pub bytes_over: u64,
    /// Paths on a disk that the table lists, where none of them is there: it then speaks of another machine, or they begin in
    /// another working directory. 0 where some is there.
    pub absent_paths: usize,
    /// The best report of a run that is over: `None` as long as a trial has not ended, and where no metric is a finite number.
    pub best: Option<BestReport>,
    /// First to go first.
    #[cfg_attr(feature = "serde", serde(rename = "remove"))]
    pub removals: Vec<Doomed>,
}

/// Numbers of trials by what they do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Tally {
    /// They train.
    pub running: usize,
    /// Those of the running ones that tell no status: they are taken to run since their last resource is no rung level.
    pub beyond_levels: usize,
    /// They wait and hold a checkpoint.
    pub waiting: usize,
    /// They wait and hold none.
    pub without_checkpoint: usize,
    /// They have ended.
    pub ended: usize,
}

/// A checkpoint that can go.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Doomed {
    /// The trial.
    pub trial: String,
    /// The rung level it waits at.
    pub level: u64,
    /// Its rank there, 1 for the best.
    pub rank: u64,
    /// Number of trials that have reached that level.
    pub rung_len: u64,
    /// The probability that it is resumed in the time that is left; `None` where the policy estimates none.
    pub chance: Option<f64>,
    /// What losing it costs in expectation, in resource units: the level times the chance.
    pub expected_cost: Option<f64>,
    /// The same in seconds, where the table tells those.
    pub expected_seconds: Option<f64>,
    /// Its size in bytes, as the table tells it or the disk; `None` where neither does.
    pub bytes: Option<u64>,
    /// Where it lies.
    pub paths: Vec<String>,
}
