use core::cmp::Ordering;

use crate::ranked_map::RankedMap;
use crate::{MetricKey, PromotionQuantile, TrialIndex};

/// Where an entry stands in a rung: best metric first, of equal metrics the one that came first.
///
/// Only meaningful in the rung that returned it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Position {
    metric: MetricKey,
    arrival: u64,
}

impl Position {
    /// As one integer that sorts as positions do: without a branch, which searches cannot predict.
    fn key(self) -> u128 {
        (u128::from(self.metric.get()) << 64) | u128::from(self.arrival)
    }

    /// The metric that put the entry there.
    #[must_use]
    pub fn metric(self) -> MetricKey {
        self.metric
    }
}

impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    fn lt(&self, other: &Self) -> bool {
        self.key() < other.key()
    }
}

/// One rung: who arrived, in order of the metric, and who of them waits.
///
/// Ranks count from 1, the best. Of equal metrics the newer stands behind the older. An entry whose
/// trial was promoted stays, counts in ranks and in the length, but is inserted anew behind its
/// equals (all as in Syne Tune 0.13). Bad metrics stand at the end: the ranks of the others are as
/// if they were absent.
///
/// Entries are *waiting* (paused, not promoted) or not. Ranks, insertions and removals take
/// logarithmic time.
///
/// ```
/// use rungkeeper_rung_model::{MetricKey, Mode, PromotionQuantile, Rung, TrialIndex};
///
/// let mut rung = Rung::new(3, PromotionQuantile::from_reduction_factor(3)?);
/// let metric = |value| MetricKey::new(value, Mode::Min);
/// let first = rung.insert(metric(0.5));
/// let equal = rung.insert(metric(0.5));
/// let better = rung.insert(metric(0.4));
/// assert_eq!([first, equal, better].map(|entry| rung.rank(entry)), [2, 3, 1]);
/// rung.wait(first, TrialIndex::new(7));
/// let promoted = rung.promote(first); // behind its equal now
/// assert_eq!([promoted, equal].map(|entry| rung.rank(entry)), [3, 2]);
/// assert_eq!(rung.len(), 3);
/// # Ok::<(), rungkeeper_rung_model::QuantileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rung {
    level: u64,
    promotion_quantile: PromotionQuantile,
    arrivals: u64,
    entries: RankedMap<Position, ()>,
    waiting: RankedMap<Position, TrialIndex>,
}

impl Rung {
    /// An empty rung at a resource level, with the share of it that is promoted.
    #[must_use]
    pub fn new(level: u64, promotion_quantile: PromotionQuantile) -> Self {
        Self {
            level,
            promotion_quantile,
            arrivals: 0,
            entries: RankedMap::new(),
            waiting: RankedMap::new(),
        }
    }

    /// The rung level, in resource units.
    #[must_use]
    pub fn level(&self) -> u64 {
        self.level
    }

    /// The promotion quantile alpha: the share of the rung that is promoted.
    #[must_use]
    pub fn promotion_quantile(&self) -> PromotionQuantile {
        self.promotion_quantile
    }

    /// The rung length: number of entries, promoted ones and bad metrics included.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Whether nothing arrived yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// Records an arrival, behind its equals. It does not wait until [`Rung::wait`] says so.
    pub fn insert(&mut self, metric: MetricKey) -> Position {
        self.insert_ranked(metric).0
    }

    /// As [`Rung::insert`], with the rank of the arrival, which costs hardly more and is what [`Rung::rank`] would say.
    pub fn insert_ranked(&mut self, metric: MetricKey) -> (Position, u64) {
        let position = Position {
            metric,
            arrival: self.arrivals,
        };
        self.arrivals += 1;
        let better = self.entries.insert(position, ()) as u64;
        (position, better + 1)
    }

    /// Rank of an entry, 1 for the best.
    #[must_use]
    pub fn rank(&self, entry: Position) -> u64 {
        self.entries.rank(&entry) as u64 + 1
    }

    /// Rank of an entry, 1 for the best, and the number of entries with a strictly better metric: one less, unless the
    /// entry has equals before it.
    #[must_use]
    pub fn rank_and_num_better(&self, entry: Position) -> (u64, u64) {
        let (before, last) = self.entries.rank_and_before(&entry);
        let before = before as u64;
        let has_equal = last.is_some_and(|last| last.metric == entry.metric);
        let better = if has_equal {
            self.num_better(entry.metric)
        } else {
            before
        };
        (before + 1, better)
    }

    /// The metric at a rank, 1 for the best; `None` if there is no such rank.
    #[must_use]
    pub fn metric_at(&self, rank: u64) -> Option<MetricKey> {
        let before = usize::try_from(rank.checked_sub(1)?).ok()?;
        self.entries.select(before).map(Position::metric)
    }

    /// Number of entries with a strictly better metric.
    #[must_use]
    pub fn num_better(&self, metric: MetricKey) -> u64 {
        self.entries.rank(&Position { metric, arrival: 0 }) as u64
    }

    /// Makes an entry a waiting one: its trial is paused here and keeps its checkpoint.
    pub fn wait(&mut self, entry: Position, trial: TrialIndex) {
        self.waiting.insert(entry, trial);
    }

    /// Ends the waiting of an entry, which keeps its place: its checkpoint was removed, its trial
    /// ended, or was promoted and is not to change any rank. Returns whether it waited.
    pub fn end_wait(&mut self, entry: Position) -> bool {
        self.waiting.remove(&entry).is_some()
    }

    /// Promotes the trial of an entry: it no longer waits and stands behind its equals from now
    /// on. Returns its new position; the old one is void.
    pub fn promote(&mut self, entry: Position) -> Position {
        self.end_wait(entry);
        self.entries.remove(&entry);
        self.insert(entry.metric)
    }

    /// Waiting entries, best first.
    #[must_use]
    pub fn waiting(&self) -> impl DoubleEndedIterator<Item = (Position, TrialIndex)> {
        self.waiting.iter()
    }

    /// The best waiting entry, with its trial.
    #[must_use]
    pub fn best_waiting(&self) -> Option<(Position, TrialIndex)> {
        self.waiting.iter().next()
    }

    /// Of the waiting entries with a finite metric: how many are met by an arrival with `metric`
    /// that is not worse (a tie counts), and how many there are: `(num_one, num_total)`.
    ///
    /// These are the values an arrival gives to the estimators of p. Trials that wait with a bad
    /// metric tell nothing of p and are left out.
    #[must_use]
    pub fn compare_with_waiting(&self, metric: MetricKey) -> (u64, u64) {
        let before = |metric| {
            let first = Position { metric, arrival: 0 };
            self.waiting.rank(&first) as u64
        };
        // Bad metrics stand at the end: mostly the last entry tells that there are none.
        let finite = match self.waiting.iter().next_back() {
            Some((worst, _)) if worst.metric.is_non_finite() => before(MetricKey::NON_FINITE),
            _ => self.waiting.len() as u64,
        };
        (finite - before(metric), finite)
    }
}
