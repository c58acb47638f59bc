//! The terms h(L) w(L) of a sum for alpha = 1/eta, from tables, and bounds on those that are left out.
//!
//! With L = d + eta r and M = L - r,
//!
//! h(L) = d / L times (g - 1 + r)! / (r! (g - 1)!) times (n - g + M)! / (M! (n - g)!) times n! L! / (n + L)!.
//!
//! For trials without equals, g = k, and all of it depends on L alone but for r!, M!, and what does not depend on r.

use super::{bounds::Bounds, tails::Tails};
use crate::{factorials::Factorials, wide::Wide};

/// What is left out at either end is at most this part of the sum.
const NEGLIGIBLE: f64 = 1e-14;

/// Terms below this part of the sum may be the last ones.
pub(crate) const SMALL: f64 = 1e-13;

/// Some term is not within reach of the tables: they do not go as far, or not in steps as short.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutOfReach;

/// The terms of one trial, without the factor that they have in common.
#[derive(Debug)]
pub(crate) struct Terms<'a> {
    tails: &'a mut Tails,
    factorials: &'a Factorials,
    pub(crate) bounds: Bounds,
    eta: u64,
    d: u64,
    /// g
    gaps: u64,
    /// k - g
    equals: u64,
    /// Of the term with the largest L in `tails`.
    pub(crate) last: u64,
    /// There may be terms at every so many r only, ..., `last` - `step`, `last`.
    pub(crate) step: u64,
}

impl<'a> Terms<'a> {
    /// Of a trial of rank k.
    pub(crate) fn new(
        rank: u64,
        bounds: Bounds,
        tails: &'a mut Tails,
        factorials: &'a Factorials,
    ) -> Result<Self, OutOfReach> {
        let (lattice, d, step) = (*tails.lattice(), bounds.d as u64, tails.step());
        // What L and k - 1 + r at the end of the tables say of r must be the same.
        let last = (lattice.ahead + 1).checked_sub(rank).ok_or(OutOfReach)?;
        let is_in_rung = lattice.rung_len as f64 == bounds.urn.rung_len
            && lattice.eta as f64 == bounds.eta
            && lattice.far == d + lattice.eta * last;
        if !is_in_rung || last < step || last & (step - 1) != 0 {
            return Err(OutOfReach);
        }
        let gaps = bounds.urn.gaps as u64;
        Ok(Self {
            tails,
            factorials,
            bounds,
            eta: lattice.eta,
            d,
            gaps,
            equals: rank - gaps,
            last,
            step,
        })
    }

    /// d n! / ((g - 1)! (n - g)!)
    pub(crate) fn front(&self) -> Wide {
        let of = |n| self.factorials.of(n);
        let n = self.tails.lattice().rung_len;
        let front = of(n) / (of(self.gaps - 1) * of(n - self.gaps));
        Wide {
            factor: front.factor * self.bounds.d,
            ..front
        }
    }

    /// The term.
    #[expect(clippy::inline_always, reason = "called, sums take longer")]
    #[inline(always)]
    pub(crate) fn at(&mut self, r: u64) -> Result<Wide, OutOfReach> {
        let steps = self.last.checked_sub(r).ok_or(OutOfReach)?;
        let tail = self.tail(steps)?;
        let worse = self.worse(r);
        let term = tail / (self.factorials.of(r) * self.factorials.of(worse));
        if self.equals == 0 {
            Ok(term)
        } else {
            Ok(term * self.of_equals(r, worse))
        }
    }

    /// What depends on L alone, so many steps of eta before the largest one.
    #[inline]
    pub(crate) fn tail(&mut self, steps: u64) -> Result<Wide, OutOfReach> {
        self.tails.at(steps, self.factorials).ok_or(OutOfReach)
    }

    /// M
    pub(crate) fn worse(&self, r: u64) -> u64 {
        self.d + (self.eta - 1) * r
    }

    /// Whether the trial has equals before it.
    pub(crate) fn have_equals(&self) -> bool {
        self.equals > 0
    }

    /// What equals change in a term.
    #[inline(never)]
    fn of_equals(&self, r: u64, worse: u64) -> Wide {
        let of = |n| self.factorials.of(n);
        let (ahead, equals) = (self.gaps - 1 + r, self.equals);
        let behind = self.tails.lattice().rung_len - self.gaps + worse;
        of(ahead) * of(behind) / (of(ahead + equals) * of(behind - equals))
    }

    /// Whether the term `step` further is larger.
    pub(crate) fn rises_at(&mut self, r: u64, step: u64) -> Result<bool, OutOfReach> {
        let next = self.at(r + step)?;
        Ok(self.at(r)?.over(next.exponent) < next.factor)
    }

    /// Whether there are terms between the steps too, from r down.
    pub(crate) fn is_between_steps(&self, r: u64) -> bool {
        self.tails.is_whole_from(self.last.saturating_sub(r))
    }

    /// Whether what comes after r, where `term` is, is negligible beside the sum.
    pub(crate) fn is_end(&self, r: u32, term: f64, sum: f64) -> bool {
        if term > SMALL * sum {
            return false;
        }
        let ratio = self.bounds.ratio(r.into());
        term * ratio <= NEGLIGIBLE * sum * (1.0 - ratio)
    }

    /// Whether what comes before r is, if the next term that is summed is `rise` times as large.
    pub(crate) fn is_begin(&self, r: u32, term: f64, rise: f64, sum: f64) -> bool {
        term <= SMALL * sum
            && term <= NEGLIGIBLE * sum * (rise - 1.0)
            && self.bounds.is_log_concave_to(r.into())
    }
}
