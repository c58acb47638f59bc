//! The terms h(L) w(L) of a sum for alpha = 1/eta, from tables, and bounds on those that are left out.
//!
//! With L = d + eta r and M = L - r,
//!
//! h(L) = d / L times (g - 1 + r)! / (r! (g - 1)!) times (n - g + M)! / (M! (n - g)!) times n! L! / (n + L)!.
//!
//! For trials without equals, g = k, and all of it depends on L alone but for r!, M!, and what does not depend on r.

use super::{
    bounds::Bounds,
    tails::{Lattice, Tails},
};
use crate::{factorials::Factorials, wide::Wide};

/// Some term is not within reach of the tables: they do not go as far, or not in steps as short.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OutOfReach;

/// The terms of one trial, without the factor that they have in common.
#[derive(Debug)]
pub(crate) struct Terms<'a> {
    tails: &'a mut Tails,
    factorials: &'a Factorials,
    pub(crate) bounds: Bounds,
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
        let (lattice, d) = (*tails.lattice(), bounds.d);
        if lattice.far < d || lattice.eta != bounds.eta {
            return Err(OutOfReach);
        }
        let last = (lattice.far - d) / lattice.eta;
        let own = Lattice {
            far: d + lattice.eta * last,
            ahead: rank - 1 + last,
            ..lattice
        };
        let step = tails.step();
        if own != lattice || last < step || last % step != 0 {
            return Err(OutOfReach);
        }
        let gaps = bounds.urn.gaps as u64;
        Ok(Self {
            tails,
            factorials,
            bounds,
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
            factor: front.factor * self.d as f64,
            ..front
        }
    }

    /// The term.
    #[inline]
    pub(crate) fn at(&mut self, r: u64) -> Result<Wide, OutOfReach> {
        let steps = self.last.checked_sub(r).ok_or(OutOfReach)?;
        let tail = self.tails.at(steps, self.factorials).ok_or(OutOfReach)?;
        let worse = self.d + (self.bounds.eta - 1) * r;
        let term = tail / (self.factorials.of(r) * self.factorials.of(worse));
        if self.equals == 0 {
            Ok(term)
        } else {
            Ok(term * self.of_equals(r, worse))
        }
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

    /// A bound from below on the ratio of any two successive terms up to r.
    ///
    /// In the ratio of h the factors (g + r) / (r + 1) and (n - g + M + i) / (M + i) fall with r, and (L + i) / (n + 1 + L + i),
    /// i = 0, ..., eta - 1, rise. So it is no less than that at r with the latter as at r = 0. The ratio of w falls, N' being
    /// log-concave: it is no less than its mean over the next `step` terms.
    pub(crate) fn least_rise(&mut self, r: u64) -> Result<f64, OutOfReach> {
        let (n, d) = (self.tails.lattice().rung_len, self.d);
        let of = |n| self.factorials.of(n);
        let rising =
            of(d + self.bounds.eta - 1) / of(d - 1) * of(n + d) / of(n + d + self.bounds.eta);
        let steps = self.last - r;
        let mut tail = |steps| {
            let tail = self.tails.at(steps, self.factorials).ok_or(OutOfReach)?;
            Ok(tail / self.tails.common(steps, self.factorials))
        };
        let next = steps.checked_sub(self.step).ok_or(OutOfReach)?;
        let fall = (tail(next)? / tail(steps)?).over(0);
        let fall = if self.step == 1 {
            fall
        } else {
            libm::exp(libm::log(fall) / self.step as f64)
        };
        Ok(self.bounds.falling(r as f64) * rising.over(0) * fall)
    }
}
