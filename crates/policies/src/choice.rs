use alloc::vec::Vec;

use rungkeeper_rung_model::{Candidate, RungView};

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

/// A candidate, with the place and the level of its rung.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting<'m> {
    pub(crate) rung: usize,
    pub(crate) level: u64,
    pub(crate) candidate: Candidate<'m>,
}

impl<'m> Waiting<'m> {
    /// The `per_rung` worst candidates of each rung, rung by rung, worst first.
    pub(crate) fn worst(
        rungs: &[RungView<'m>],
        per_rung: usize,
    ) -> impl Iterator<Item = Waiting<'m>> {
        rungs.iter().enumerate().flat_map(move |(place, rung)| {
            let worst_first = rung.worst_first().take(per_rung);
            worst_first.map(move |candidate| Waiting {
                rung: place,
                level: rung.level(),
                candidate,
            })
        })
    }

    /// Sorts by who goes first among equals: what is never promoted, then the lower level, the worse rank, the id.
    pub(crate) fn tie(&self) -> impl Ord + use<'m> {
        let Candidate {
            non_finite,
            rank,
            trial_id,
            ..
        } = self.candidate;
        (!non_finite, self.level, core::cmp::Reverse(rank), trial_id)
    }
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
