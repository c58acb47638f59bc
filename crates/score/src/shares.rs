//! How many of the orders in which arrivals can come have not made a trial promotable yet.

use alloc::vec::Vec;

use crate::{ScoreError, walk::Walk, work::Work};

/// The table f(l, .) of [`quadratic`](crate::methods::quadratic) for one l at a time; its memory serves many walks.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    at: Vec<f64>,
    next: Vec<f64>,
    /// 0, 1, 2, ... as doubles
    counts: Vec<f64>,
}

impl Shares {
    /// Follows the table up to `top` better arrivals. Calls `passage(l, i, f)` for each first passage.
    pub(crate) fn follow(
        &mut self,
        work: &mut Work,
        walk: &Walk,
        top: u64,
        mut passage: impl FnMut(u128, u64, f64),
    ) -> Result<(), ScoreError> {
        let size = top as usize + 1;
        self.counts
            .extend((self.counts.len()..size).map(|count| count as f64));
        self.at.clear();
        self.at.resize(size, 1.0);
        self.next.resize(size, 1.0);
        let mut l = walk.arrivals_at(0);
        passage(l, 0, 1.0);
        self.at[0] = 0.0;
        for (i, states) in (1..=top).zip((1..=top).rev()) {
            let end = walk.arrivals_at(i);
            let updates = ((end - l) as u64).saturating_mul(states);
            work.add(updates, i)?;
            while l < end {
                l += 1;
                self.arrive(l, i as usize, size);
            }
            passage(l, i, self.at[i as usize]);
            self.at[i as usize] = 0.0;
        }
        Ok(())
    }

    /// From f(l - 1, j) to f(l, j) for j = `alive`, ..., `size` - 1; those below are out, those above l do not exist.
    fn arrive(&mut self, l: u128, alive: usize, size: usize) {
        let end = size.min(usize::try_from(l).unwrap_or(usize::MAX));
        let part = 1.0 / l as f64;
        self.next[alive - 1] = 0.0;
        if alive < end {
            let before = &self.at[alive - 1..end - 1];
            let at = &self.at[alive..end];
            let states = self.next[alive..end]
                .iter_mut()
                .zip(at)
                .zip(before)
                .zip(&self.counts[alive..end]);
            for (((next, &at), &before), &count) in states {
                *next = at - count * part * (at - before);
            }
        }
        if end < size {
            // j = l: the last arrival was a better one for sure.
            self.next[end] = self.at[end - 1];
        }
        core::mem::swap(&mut self.at, &mut self.next);
    }
}
