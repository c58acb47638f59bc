use alloc::format;
use alloc::string::String;

use thiserror::Error;

/// How many checkpoints, and how many bytes of them, may be kept. Either or both.
///
/// `max_checkpoints` counts trials that hold a checkpoint, running ones included, as in Syne Tune
/// 0.13. `max_bytes` counts committed bytes.
///
/// ```
/// use rungkeeper_policies::{Budget, Need};
///
/// let budget = Budget { max_checkpoints: Some(8), max_bytes: Some(1_000) };
/// assert_eq!(budget.need(10, 900), Need { checkpoints: 2, bytes: 0 });
/// assert_eq!(budget.need(8, 1_200), Need { checkpoints: 0, bytes: 200 });
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Budget {
    /// Most trials that hold a checkpoint; `None`: any number. `max_num_checkpoints` where it is serialized, as in Syne
    /// Tune 0.13 and in the event log.
    #[doc(alias = "max_num_checkpoints")]
    #[cfg_attr(feature = "serde", serde(rename = "max_num_checkpoints"))]
    pub max_checkpoints: Option<u64>,
    /// Most bytes of committed checkpoints; `None`: any number.
    pub max_bytes: Option<u64>,
}

impl Budget {
    /// A budget of this many checkpoints, of any size.
    #[must_use]
    pub fn of_checkpoints(max_checkpoints: u64) -> Self {
        Self {
            max_checkpoints: Some(max_checkpoints),
            ..Self::default()
        }
    }

    /// A budget of this many bytes, in any number of checkpoints.
    #[must_use]
    pub fn of_bytes(max_bytes: u64) -> Self {
        Self {
            max_checkpoints: None,
            max_bytes: Some(max_bytes),
        }
    }

    /// What must go, given how many trials hold a checkpoint and how many bytes those take.
    #[must_use]
    pub fn need(&self, checkpoints: usize, bytes: u64) -> Need {
        let over = |held: u64, most: Option<u64>| most.map_or(0, |most| held.saturating_sub(most));
        Need {
            checkpoints: over(checkpoints as u64, self.max_checkpoints),
            bytes: over(bytes, self.max_bytes),
        }
    }

    /// Refuses a budget that running trials alone would exceed: `max_checkpoints` below the number
    /// of workers plus the number of finished trials whose checkpoint is kept for good.
    ///
    /// ```
    /// use rungkeeper_policies::{Budget, BudgetError};
    ///
    /// let budget = Budget::of_checkpoints(2);
    /// let error = budget.check_workers(4, 0).unwrap_err();
    /// assert_eq!(error, BudgetError::TooFewCheckpoints { max_checkpoints: 2, workers: 4, kept: 0 });
    /// assert!(error.to_string().ends_with("the smallest that works is 4"));
    /// ```
    ///
    /// # Errors
    ///
    /// [`BudgetError::TooFewCheckpoints`], which names the smallest that works.
    pub fn check_workers(&self, workers: u64, kept: u64) -> Result<(), BudgetError> {
        match self.max_checkpoints {
            Some(max_checkpoints) if max_checkpoints < workers.saturating_add(kept) => {
                Err(BudgetError::TooFewCheckpoints {
                    max_checkpoints,
                    workers,
                    kept,
                })
            }
            _ => Ok(()),
        }
    }

    /// Refuses a checkpoint that does not fit into `max_bytes` even alone.
    ///
    /// # Errors
    ///
    /// [`BudgetError::CheckpointTooLarge`].
    pub fn check_size(&self, bytes: u64) -> Result<(), BudgetError> {
        match self.max_bytes {
            Some(max_bytes) if bytes > max_bytes => {
                Err(BudgetError::CheckpointTooLarge { max_bytes, bytes })
            }
            _ => Ok(()),
        }
    }
}

/// What must go so that a budget is kept again.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Need {
    /// Number of checkpoints.
    pub checkpoints: u64,
    /// Number of bytes.
    pub bytes: u64,
}

impl Need {
    /// Whether nothing must go.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.checkpoints == 0 && self.bytes == 0
    }
}

/// Why a budget cannot work.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what each field is")]
pub enum BudgetError {
    /// Running trials and kept ones alone hold more checkpoints.
    #[error(
        "max_checkpoints is {max_checkpoints}, but {} and {} need one each: the smallest that works \
         is {}",
        counted(*workers, "worker"),
        counted(*kept, "kept trial"),
        workers.saturating_add(*kept)
    )]
    TooFewCheckpoints {
        max_checkpoints: u64,
        workers: u64,
        kept: u64,
    },
    /// One checkpoint alone is larger than the budget.
    #[error(
        "max_bytes is {max_bytes}, but one checkpoint has {bytes} bytes: the smallest that works \
         is {bytes}"
    )]
    CheckpointTooLarge { max_bytes: u64, bytes: u64 },
}

/// "1 worker", "4 workers".
fn counted(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
