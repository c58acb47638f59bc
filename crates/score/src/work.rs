//! How long tables are followed.

use crate::ScoreError;

/// Elementary steps (updates of one entry) after which [`quadratic`](crate::methods::quadratic) and
/// [`step_wise`](crate::methods::step_wise) give up with [`ScoreError::TooManySteps`]: about two seconds.
pub const MAX_WORK: u64 = 1 << 31;

/// Counts elementary steps.
#[derive(Debug, Default)]
pub(crate) struct Work {
    done: u64,
}

impl Work {
    /// Adds `steps`, or gives up.
    #[inline]
    pub(crate) fn add(&mut self, steps: u64, better_arrivals: u64) -> Result<(), ScoreError> {
        self.done = self.done.saturating_add(steps);
        if self.done <= MAX_WORK {
            Ok(())
        } else {
            Err(ScoreError::TooManySteps {
                better_arrivals,
                limit: MAX_WORK,
            })
        }
    }
}
