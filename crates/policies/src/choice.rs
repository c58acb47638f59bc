use std::cmp::Ordering;

use rungkeeper_rung_model::Candidate;

use crate::Need;

/// A candidate that was chosen to lose its checkpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Place of the candidate in the list that was shown.
    pub candidate: usize,
    /// Natural logarithm of what losing the checkpoint costs in expectation, in resource units.
    /// `None` where the policy does not estimate it.
    pub ln_expected_cost: Option<f64>,
    /// Which budget made it go.
    pub reason: RemovalReason,
}

/// Why a checkpoint was given up.
///
/// Spelled `max_checkpoints`, `max_bytes`, `asked` and `lost` in serialized form.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum RemovalReason {
    /// Too many checkpoints.
    MaxCheckpoints,
    /// Too many bytes.
    MaxBytes,
    /// A person asked for it.
    Asked,
    /// It was never completed, or was found broken: nobody gave it up.
    Lost,
}

/// Chooses the candidates whose loss costs least, given the logarithm of each expected cost.
///
/// Under a byte budget the lowest expected cost per byte goes first, until enough bytes are freed;
/// then, most expensive first, what turned out not to be needed is kept after all. If more
/// checkpoints must go, those of lowest expected cost follow. Bad metrics go before all others.
/// Equal costs go by lower level, then worse rank, then id.
///
/// If there are not enough candidates, all of them are chosen.
///
/// # Panics
///
/// If there are not as many costs as candidates.
#[must_use]
pub fn choose_cheapest(
    candidates: &[Candidate<'_>],
    ln_expected_costs: &[f64],
    need: Need,
) -> Vec<Choice> {
    assert_eq!(candidates.len(), ln_expected_costs.len());
    let choice = |candidate: usize, reason| Choice {
        candidate,
        ln_expected_cost: Some(ln_expected_costs[candidate]),
        reason,
    };
    let mut chosen = Vec::new();
    if need.bytes > 0 {
        let per_byte = |i: usize| ln_expected_costs[i] - libm::log(candidates[i].bytes as f64);
        let order = sorted_by_cost(candidates, &per_byte, usize::MAX);
        let mut bytes = take_bytes(&order, candidates, need.bytes);
        spare_unneeded(&mut bytes, candidates, ln_expected_costs, need.bytes);
        chosen.extend(bytes.iter().map(|&i| choice(i, RemovalReason::MaxBytes)));
    }
    let more = (need.checkpoints as usize).saturating_sub(chosen.len());
    if more > 0 {
        let order = sorted_by_cost(
            candidates,
            &|i| ln_expected_costs[i],
            more.saturating_add(chosen.len()),
        );
        let taken: Vec<usize> = chosen
            .iter()
            .map(|choice: &Choice| choice.candidate)
            .collect();
        let rest = order.into_iter().filter(|i| !taken.contains(i)).take(more);
        chosen.extend(rest.map(|i| choice(i, RemovalReason::MaxCheckpoints)));
    }
    chosen
}

/// As [`choose_cheapest`] for a number of checkpoints, with as few costs as it takes.
///
/// Of candidates of one rung that stand together in the list, best first, the last one goes first: only its cost counts until
/// it is chosen. The order of `rough_ln_cost` is the one to begin with. `ln_expected_cost` is told the least cost known so far: if its own is above, any bound from below that is
/// above too is enough.
pub(crate) fn choose_cheapest_of_rungs<E>(
    candidates: &[Candidate<'_>],
    checkpoints: u64,
    rough_ln_cost: impl Fn(&Candidate<'_>) -> f64,
    mut ln_expected_cost: impl FnMut(usize, f64) -> Result<f64, E>,
) -> Result<Vec<Choice>, E> {
    let mut waiting = Vec::new();
    let mut end = 0;
    for rung in candidates.chunk_by(goes_last) {
        let first = end;
        end += rung.len();
        waiting.push(Waiting {
            first,
            candidate: end - 1,
            ln_cost: f64::NEG_INFINITY,
            is_bound: true,
        });
    }
    // Beside the least of them, a small part of the others' sums is enough.
    let rough = |rung: &Waiting| rough_ln_cost(&candidates[rung.candidate]);
    waiting.sort_by(|one, other| rough(one).total_cmp(&rough(other)));
    let mut least_known = f64::INFINITY;
    for rung in &mut waiting {
        rung.ln_cost = ln_expected_cost(rung.candidate, least_known)?;
        rung.is_bound = rung.ln_cost > least_known;
        least_known = least_known.min(rung.ln_cost);
    }
    let mut chosen = Vec::new();
    while (chosen.len() as u64) < checkpoints {
        let least_known = waiting
            .iter()
            .filter(|rung| !rung.is_bound)
            .map(|rung| rung.ln_cost)
            .fold(f64::INFINITY, f64::min);
        let order = |one: &&mut Waiting, other: &&mut Waiting| {
            let (i, j) = (one.candidate, other.candidate);
            let ln_cost = |k| if k == i { one.ln_cost } else { other.ln_cost };
            compare(candidates, &ln_cost, i, j)
        };
        let Some(next) = waiting.iter_mut().min_by(order) else {
            break;
        };
        if next.is_bound {
            next.ln_cost = ln_expected_cost(next.candidate, least_known)?;
            next.is_bound = next.ln_cost > least_known;
            continue;
        }
        chosen.push(Choice {
            candidate: next.candidate,
            ln_expected_cost: Some(next.ln_cost),
            reason: RemovalReason::MaxCheckpoints,
        });
        if next.candidate > next.first {
            next.candidate -= 1;
            next.is_bound = true;
        } else {
            let done = next.candidate;
            waiting.retain(|rung| rung.candidate != done);
        }
    }
    Ok(chosen)
}

/// Candidates of one rung, `first` to `candidate`, the last of which goes before the others.
struct Waiting {
    first: usize,
    candidate: usize,
    /// Of the last one, or a bound from below.
    ln_cost: f64,
    is_bound: bool,
}

/// Whether the next candidate is of the same rung and goes before this one, being worse.
fn goes_last(this: &Candidate<'_>, next: &Candidate<'_>) -> bool {
    (this.level, this.rung_len, this.promotion_quantile)
        == (next.level, next.rung_len, next.promotion_quantile)
        && this.rank < next.rank
        && this.num_better <= next.num_better
        && this.bad_metric <= next.bad_metric
}

/// Chooses along a given order of candidates (places in the list) until both the number and the
/// bytes that must go are reached: for policies that estimate no cost.
#[must_use]
pub fn choose_in_order(
    candidates: &[Candidate<'_>],
    order: impl IntoIterator<Item = usize>,
    need: Need,
) -> Vec<Choice> {
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
        let Some(candidate) = order.next() else { break };
        bytes = bytes.saturating_add(candidates[candidate].bytes);
        chosen.push(Choice {
            candidate,
            ln_expected_cost: None,
            reason,
        });
    }
    chosen
}

/// Order in which candidates of equal cost go: lower level, then worse rank, then id.
pub(crate) fn tie_order(one: &Candidate<'_>, other: &Candidate<'_>) -> Ordering {
    (one.level, other.rank, one.trial_id).cmp(&(other.level, one.rank, other.trial_id))
}

/// Who of two candidates goes first by a cost.
fn compare(
    candidates: &[Candidate<'_>],
    cost: &dyn Fn(usize) -> f64,
    i: usize,
    j: usize,
) -> Ordering {
    let (one, other) = (&candidates[i], &candidates[j]);
    (other.bad_metric.cmp(&one.bad_metric))
        .then_with(|| cost(i).total_cmp(&cost(j)))
        .then_with(|| tie_order(one, other))
}

/// The `most` candidates that go first by a cost, in order.
fn sorted_by_cost(
    candidates: &[Candidate<'_>],
    cost: &dyn Fn(usize) -> f64,
    most: usize,
) -> Vec<usize> {
    let compare = |&i: &usize, &j: &usize| compare(candidates, cost, i, j);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    if most < order.len() {
        order.select_nth_unstable_by(most, compare);
        order.truncate(most);
    }
    order.sort_unstable_by(compare);
    order
}

/// The shortest run of the order that frees enough; candidates without bytes free nothing.
fn take_bytes(order: &[usize], candidates: &[Candidate<'_>], need: u64) -> Vec<usize> {
    let mut freed = 0u64;
    let mut taken = Vec::new();
    for &i in order.iter().filter(|&&i| candidates[i].bytes > 0) {
        if freed >= need {
            break;
        }
        freed = freed.saturating_add(candidates[i].bytes);
        taken.push(i);
    }
    taken
}

/// Drops from what was taken, most expensive first, all that is not needed to free enough.
fn spare_unneeded(taken: &mut Vec<usize>, candidates: &[Candidate<'_>], costs: &[f64], need: u64) {
    let bytes = |i: usize| u128::from(candidates[i].bytes);
    let mut freed: u128 = taken.iter().map(|&i| bytes(i)).sum();
    let mut by_cost: Vec<usize> = taken
        .iter()
        .copied()
        .filter(|&i| !candidates[i].bad_metric)
        .collect();
    by_cost.sort_unstable_by(|&i, &j| {
        costs[j]
            .total_cmp(&costs[i])
            .then_with(|| tie_order(&candidates[j], &candidates[i]))
    });
    for i in by_cost {
        if freed - bytes(i) >= u128::from(need) {
            freed -= bytes(i);
            taken.retain(|&j| j != i);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(trial_id: &str, level: u64, rank: u64, bytes: u64) -> Candidate<'_> {
        Candidate {
            trial_id,
            level,
            rank,
            num_better: rank - 1,
            rung_len: 9,
            promotion_quantile: (1, 3),
            bad_metric: false,
            bytes,
        }
    }

    fn ids<'c>(candidates: &[Candidate<'c>], chosen: &[Choice]) -> Vec<&'c str> {
        chosen
            .iter()
            .map(|choice| candidates[choice.candidate].trial_id)
            .collect()
    }

    #[test]
    fn ties_go_by_level_then_rank_then_id() {
        let candidates = [
            candidate("a", 3, 4, 0),
            candidate("b", 1, 4, 0),
            candidate("d", 1, 7, 0),
            candidate("c", 1, 7, 0),
        ];
        let need = Need {
            checkpoints: 4,
            bytes: 0,
        };
        let chosen = choose_cheapest(&candidates, &[0.0; 4], need);
        assert_eq!(ids(&candidates, &chosen), ["c", "d", "b", "a"]);
    }

    #[test]
    fn bytes_go_by_cost_per_byte() {
        let candidates = [candidate("small", 1, 4, 10), candidate("large", 1, 5, 100)];
        // The large one costs twice as much, but a fifth per byte.
        let costs = [0.0, 2f64.ln()];
        let need = |bytes| Need {
            checkpoints: 0,
            bytes,
        };
        let chosen = choose_cheapest(&candidates, &costs, need(5));
        assert_eq!(ids(&candidates, &chosen), ["large"]);
        assert_eq!(chosen[0].reason, RemovalReason::MaxBytes);
        assert_eq!(choose_cheapest(&candidates, &costs, need(105)).len(), 2);
        assert_eq!(choose_cheapest(&candidates, &costs, need(1_000)).len(), 2);
    }

    #[test]
    fn what_is_not_needed_is_kept() {
        // Per byte "small" goes first, but "large" must go in any case, and is enough.
        let candidates = [candidate("small", 1, 9, 10), candidate("large", 1, 5, 100)];
        let need = Need {
            checkpoints: 0,
            bytes: 100,
        };
        let chosen = choose_cheapest(&candidates, &[-9.0, 1.0], need);
        assert_eq!(ids(&candidates, &chosen), ["large"]);
    }

    #[test]
    fn bytes_and_checkpoints_together() {
        let candidates = [
            candidate("a", 1, 4, 10),
            candidate("b", 1, 5, 10),
            candidate("c", 1, 6, 90),
        ];
        let need = Need {
            checkpoints: 2,
            bytes: 50,
        };
        let chosen = choose_cheapest(&candidates, &[-3.0, -2.0, 0.0], need);
        assert_eq!(ids(&candidates, &chosen), ["c", "a"]);
        assert_eq!(chosen[1].reason, RemovalReason::MaxCheckpoints);
    }

    #[test]
    fn bad_metrics_go_first() {
        let mut candidates = [candidate("good", 1, 4, 1), candidate("bad", 9, 5, 1)];
        candidates[1].bad_metric = true;
        let need = Need {
            checkpoints: 1,
            bytes: 0,
        };
        let chosen = choose_cheapest(&candidates, &[-700.0, 2.0], need);
        assert_eq!(ids(&candidates, &chosen), ["bad"]);
    }
}
