use alloc::vec::Vec;
use core::cmp::Reverse;

use rungkeeper_rung_model::Candidate;

use crate::Need;

/// A candidate that was chosen to lose its checkpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice<'m> {
    /// Place of its rung in the list that was shown.
    pub rung: usize,
    /// The candidate.
    pub candidate: Candidate<'m>,
    /// Natural logarithm of what losing the checkpoint costs in expectation, in resource units.
    /// `None` where the policy does not estimate it.
    pub ln_expected_cost: Option<f64>,
    /// Which budget makes it go.
    pub reason: RemovalReason,
}

/// Why a checkpoint is removed.
///
/// Spelled `max_checkpoints`, `max_bytes`, `asked` and `lost` in serialized form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RemovalReason {
    /// Too many checkpoints.
    MaxCheckpoints,
    /// Too many bytes.
    MaxBytes,
    /// A person asked for it.
    Asked,
    /// It was never completed, or was found broken: nobody removed it.
    Lost,
}

impl RemovalReason {
    /// The name, as in event logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MaxCheckpoints => "max_checkpoints",
            Self::MaxBytes => "max_bytes",
            Self::Asked => "asked",
            Self::Lost => "lost",
        }
    }
}

/// Order in which candidates of equal cost go: what is never promoted, then the lower level, the worse rank, the id.
pub(crate) fn tie<'m>(level: u64, candidate: &Candidate<'m>) -> impl Ord + use<'m> {
    let it = *candidate;
    (it.metric.is_some(), level, Reverse(it.rank), it.trial_id)
}

/// Chooses along an order of candidates, each with the place of its rung, until both the number and the bytes that must go
/// are reached: for policies that estimate no cost.
pub fn choose_in_order<'m>(
    order: impl IntoIterator<Item = (usize, Candidate<'m>)>,
    need: Need,
) -> Vec<Choice<'m>> {
    let (mut chosen, mut bytes, mut order) = (Vec::new(), 0u64, order.into_iter());
    loop {
        // Asked before the next one is taken: an order that is drawn draws no more than needed.
        let reason = if (chosen.len() as u64) < need.checkpoints {
            RemovalReason::MaxCheckpoints
        } else if bytes < need.bytes {
            RemovalReason::MaxBytes
        } else {
            break;
        };
        let Some((rung, candidate)) = order.next() else {
            break;
        };
        bytes = bytes.saturating_add(candidate.bytes);
        chosen.push(Choice {
            rung,
            candidate,
            ln_expected_cost: None,
            reason,
        });
    }
    chosen
}
