//! The least that any choice of checkpoints could have lost on a finished run.
//!
//! When a run is over it is known which paused trials were resumed, and when. Each stay of a paused
//! trial is then an interval of turns, worth what has to be trained again if the checkpoint is not
//! there when the trial is resumed. [`optimum`] chooses the stays to keep so that the capacity left
//! by the running trials is respected at every turn and the weight lost is least. No policy can do
//! better on the same schedule, so it is the floor to measure policies against.
//!
//! # Model
//!
//! A *turn* is one pass of the tuner's loop; removals come at its end, after free workers were
//! filled. A checkpoint that is kept over the stay `[from, until)` takes one unit of capacity at
//! the end of each of these turns. A trial paused and resumed within one turn (`from == until`) is
//! never exposed to a removal, and so never lost. With `x_s` = 1 for a stay that is kept and 0 for
//! one that is lost, and `c_t` the capacity at turn `t`,
//!
//! ```text
//! minimise    sum over s of weight_s (1 - x_s)
//! subject to  sum over s with from_s <= t < until_s of x_s  <=  c_t    for every turn t
//! ```
//!
//! Checkpoints count one unit each. With sizes in bytes the problem contains the knapsack problem,
//! and what follows does not apply.
//!
//! # Method
//!
//! In the constraint matrix the ones of each column stand in consecutive rows. Such an interval
//! matrix is totally unimodular, so the linear programme has an integral optimum (Hoffman and
//! Kruskal 1956), and it is a flow problem (Arkin and Silverberg 1987; Carlisle and Lloyd 1995, "On
//! the k-coloring of intervals", Discrete Applied Mathematics 59, which lets `k` shortest paths do
//! the work):
//!
//! 1. *Fewer turns.* Only the endpoints of stays matter; between two neighbours the smallest
//!    capacity counts. A stretch that has room for all the stays over it constrains nothing and is
//!    left out, and so is one whose stays are all on a neighbouring stretch that has no more room.
//!    Where no stay crosses, the problem falls into parts, which are solved one by one.
//! 2. *Network.* The stretches of a part form a line of nodes `0, 1, ..., m`. Let `k` be the
//!    largest capacity in the part. `k` units flow from node 0 to node `m`. Each stay is an edge
//!    from its first stretch to the one after its last, for one unit, at cost `-weight`. Stretch
//!    `i` has an edge from `i` to `i + 1` for any number of units. Each cut between `i` and `i + 1`
//!    carries `k` units, so at most `c_i` stays are used over it if and only if the line edge
//!    carries at least `k - c_i`.
//! 3. *Varying capacity.* The lower bound becomes a price: the first `k - c_i` units on the line
//!    edge of stretch `i` cost `-M` each and the others nothing, which is convex, with `M` = 1 +
//!    the sum of all weights. Sending all units along the line meets every lower bound at the cost
//!    `-M sum (k - c_i)`. A flow that misses one by a unit costs at least `-M (sum (k - c_i) - 1) -
//!    (M - 1)`, which is more. So the cheapest flow meets them all, and among those that do it has
//!    the largest weight.
//! 4. *Shortest paths.* The flow is built by successive shortest paths with node potentials: first
//!    potentials from one pass along the line (all edges go forward), then Dijkstra's algorithm, up
//!    to the end node only (Ahuja, Magnanti and Orlin 1993, "Network Flows", chapter 9). A path
//!    that gains nothing ends it, since later ones gain no more.
//!
//! Each path carries a unit at least, so there are at most `k` of them, and the time for `n` stays
//! is `O(n log n + k n log n)`, memory `O(n)`. Costs are `i128`: weights sum to less than 2^64, and
//! a path has less than 2^62 edges. No floating-point numbers are used.

mod capacity;
mod network;
mod timeline;

pub use capacity::Capacity;

use network::Network;
use timeline::Timeline;

/// The time of a trial between its pause and its next resumption.
///
/// Times are indices of turns. Stays that never end in a resumption lose nothing and need not be
/// listed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Stay {
    /// The turn in which the trial was paused: the first turn whose end the checkpoint has to
    /// survive.
    pub from: u64,
    /// The turn in which the trial was resumed, at least `from`. At its end the trial is running.
    pub until: u64,
    /// What has to be trained again if the checkpoint is gone by then, for instance the rung level.
    pub weight: u64,
}

/// The answer of [`optimum`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Optimum {
    /// The least total weight of lost stays.
    pub lost_weight: u64,
    /// For each stay, in the order given, whether it is kept in one optimal choice.
    ///
    /// Optimal choices need not be unique; the one returned depends on the input alone. A stay of
    /// weight 0 is kept only if it needs no capacity.
    pub kept: Vec<bool>,
}

/// Why there is no optimum.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimumError {
    /// A stay ends before it begins.
    #[error(
        "stay {index} lasts from turn {from} until turn {until}: `until` must be at least `from`"
    )]
    StayEndsBeforeItBegins {
        /// Position in the list of stays, from 0.
        index: usize,
        /// Its first turn.
        from: u64,
        /// Its last turn.
        until: u64,
    },
    /// The weights sum to more than a `u64` holds.
    #[error("the weights of the stays sum to more than {max}, the largest allowed", max = u64::MAX)]
    WeightsTooLarge,
    /// The changes of a capacity are not in order of time.
    #[error("capacity changes at turn {turn}, after turn {last}: turns must not go back")]
    CapacityOutOfOrder {
        /// The turn given.
        turn: u64,
        /// The latest turn before it in the list.
        last: u64,
    },
}

/// Chooses the stays to keep so that the total weight of the others is least.
///
/// The answer is exact. See the [module page](self) for the model, the method and the time it
/// takes.
///
/// # Errors
///
/// A stay whose `until` is less than its `from`, and weights that sum to more than [`u64::MAX`].
///
/// # Example
///
/// Three stays and room for one checkpoint. The heavy stay spans both light ones, and the light
/// ones do not overlap. From turn 5 on there is no room at all.
///
/// ```
/// use rungkeeper_tuner::optimum::{Capacity, Stay, optimum};
///
/// let stays = [
///     Stay { from: 0, until: 4, weight: 9 },
///     Stay { from: 0, until: 2, weight: 3 },
///     Stay { from: 2, until: 4, weight: 3 },
///     Stay { from: 4, until: 6, weight: 1 },
/// ];
/// let mut capacity = Capacity::constant(1);
/// capacity.change_at(5, 0)?;
///
/// let best = optimum(&stays, &capacity)?;
/// assert_eq!(best.lost_weight, 3 + 3 + 1);
/// assert_eq!(best.kept, [true, false, false, false]);
/// # Ok::<(), rungkeeper_tuner::optimum::OptimumError>(())
/// ```
pub fn optimum(stays: &[Stay], capacity: &Capacity) -> Result<Optimum, OptimumError> {
    let total = checked_total(stays)?;
    let timeline = Timeline::new(stays, capacity);
    let mut kept: Vec<bool> = stays.iter().map(|stay| stay.from == stay.until).collect();
    for &index in timeline.unconstrained() {
        kept[index] = true;
    }
    for part in timeline.parts() {
        for index in Network::new(&part, stays, total).largest_weight() {
            kept[index] = true;
        }
    }
    let lost_weight = stays
        .iter()
        .zip(&kept)
        .filter(|&(_, &kept)| !kept)
        .map(|(stay, _)| stay.weight)
        .sum();
    Ok(Optimum { lost_weight, kept })
}

/// The sum of all weights; refuses what [`optimum`] refuses.
fn checked_total(stays: &[Stay]) -> Result<u64, OptimumError> {
    let mut total = 0_u64;
    for (
        index,
        &Stay {
            from,
            until,
            weight,
        },
    ) in stays.iter().enumerate()
    {
        if until < from {
            return Err(OptimumError::StayEndsBeforeItBegins { index, from, until });
        }
        total = total
            .checked_add(weight)
            .ok_or(OptimumError::WeightsTooLarge)?;
    }
    Ok(total)
}
