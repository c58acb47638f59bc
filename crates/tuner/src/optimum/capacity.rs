//! Capacity as a step function of the turn.

use super::OptimumError;

/// How many checkpoints of paused trials may be held at the end of each turn.
///
/// Usually the budget minus the running trials, and 0 where that is negative. A step function of
/// the turn, stored as its changes.
///
/// ```
/// use rungkeeper_tuner::optimum::Capacity;
///
/// let mut capacity = Capacity::constant(3);
/// capacity.change_at(10, 0)?;
/// assert_eq!((capacity.at(9), capacity.at(10)), (3, 0));
/// assert_eq!(capacity, Capacity::per_turn([3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0]));
/// # Ok::<(), rungkeeper_tuner::optimum::OptimumError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Capacity {
    /// (turn, capacity from then on); turns rise from 0, neighbouring capacities differ.
    steps: Vec<(u64, u64)>,
}

impl Capacity {
    /// The same capacity at every turn.
    #[must_use]
    pub fn constant(capacity: u64) -> Self {
        Self {
            steps: vec![(0, capacity)],
        }
    }

    /// One capacity a turn, from turn 0 on. The last one holds for all later turns; an empty list
    /// means no capacity at all.
    #[must_use]
    pub fn per_turn(capacities: impl IntoIterator<Item = u64>) -> Self {
        let mut steps: Vec<(u64, u64)> = (0..).zip(capacities).collect();
        steps.dedup_by_key(|&mut (_, capacity)| capacity);
        if steps.is_empty() {
            steps.push((0, 0));
        }
        Self { steps }
    }

    /// Sets the capacity from `turn` on. Changes come in order of time; a second one at the same
    /// turn replaces the first.
    ///
    /// # Errors
    ///
    /// A `turn` before that of an earlier change.
    pub fn change_at(&mut self, turn: u64, capacity: u64) -> Result<(), OptimumError> {
        let (last, _) = self.steps[self.steps.len() - 1];
        if turn < last {
            return Err(OptimumError::CapacityOutOfOrder { turn, last });
        }
        if turn == last {
            self.steps.pop();
        }
        if self
            .steps
            .last()
            .is_none_or(|&(_, before)| before != capacity)
        {
            self.steps.push((turn, capacity));
        }
        Ok(())
    }

    /// The capacity at the end of `turn`.
    #[must_use]
    pub fn at(&self, turn: u64) -> u64 {
        self.steps[self.step_at(turn)].1
    }

    /// The index of the step that `turn` lies in.
    fn step_at(&self, turn: u64) -> usize {
        self.steps.partition_point(|&(start, _)| start <= turn) - 1
    }

    /// The least capacity in each of the stretches between neighbours of `points`, which rise.
    pub(super) fn least_between(&self, points: &[u64]) -> Vec<u64> {
        let Some(&first) = points.first() else {
            return Vec::new();
        };
        let mut step = self.step_at(first);
        let mut least = Vec::with_capacity(points.len() - 1);
        for &end in &points[1..] {
            let mut capacity = self.steps[step].1;
            while let Some(&(_, next)) = self.steps.get(step + 1).filter(|&&(start, _)| start < end)
            {
                capacity = capacity.min(next);
                step += 1;
            }
            least.push(capacity);
            if self
                .steps
                .get(step + 1)
                .is_some_and(|&(start, _)| start == end)
            {
                step += 1;
            }
        }
        least
    }
}
