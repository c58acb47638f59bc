//! The promotion quantile as an exact fraction.

use core::fmt;

use thiserror::Error;

/// Largest denominator, 2^31: `denominator * rank` then fits into 84 bits.
const MAX_DENOMINATOR: u64 = 1 << 31;

/// Why a number is no promotion quantile.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what each field is")]
pub enum QuantileError {
    /// The fraction is not in (0, 1], or its reduced denominator is too large.
    #[error(
        "promotion quantile {numerator}/{denominator}: must lie in (0, 1], with a reduced denominator of at most 2^31"
    )]
    Fraction { numerator: u64, denominator: u64 },
    /// The number is no fraction in (0, 1] with a denominator of at most 2^31.
    #[error(
        "promotion quantile {value}: must be (a double next to) a fraction in (0, 1] with a denominator of at most 2^31"
    )]
    Value { value: f64 },
}

/// The fraction alpha = a/b of a rung that is promoted, reduced, 0 < a <= b <= 2^31.
///
/// In successive halving alpha is 1/eta with the reduction factor eta; in general it is a rung level over the next
/// one. It is kept as a fraction since the promotion rule is decided in integers: the double next to 1/3 puts the
/// first chance of promotion one arrival too late in two cases of three.
///
/// 27/81 and 1/3 are the same quantile. Files keep the fraction as it was given: [`given`](Self::given).
///
/// ```
/// use rungkeeper_rung_model::PromotionQuantile;
///
/// let quantile = PromotionQuantile::new(27, 81)?;
/// assert_eq!((quantile.numerator(), quantile.denominator()), (1, 3));
/// assert_eq!(quantile, PromotionQuantile::from_reduction_factor(3)?);
/// assert_eq!(quantile, PromotionQuantile::from_f64(1.0 / 3.0)?);
/// assert_eq!(quantile.to_string(), "1/3");
/// # Ok::<(), rungkeeper_rung_model::QuantileError>(())
/// ```
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "[u64; 2]", into = "[u64; 2]"))]
pub struct PromotionQuantile {
    numerator: u64,
    denominator: u64,
    /// What both were divided by.
    common: u64,
}

impl PromotionQuantile {
    /// The fraction `numerator / denominator`, reduced.
    ///
    /// # Errors
    /// [`QuantileError::Fraction`] unless 0 < `numerator` <= `denominator` and the reduced denominator is at most
    /// 2^31.
    ///
    /// ```
    /// use rungkeeper_rung_model::PromotionQuantile;
    ///
    /// assert_eq!(PromotionQuantile::new(4, 10)?.denominator(), 5);
    /// assert!(PromotionQuantile::new(0, 3).is_err());
    /// assert!(PromotionQuantile::new(4, 3).is_err());
    /// # Ok::<(), rungkeeper_rung_model::QuantileError>(())
    /// ```
    pub fn new(numerator: u64, denominator: u64) -> Result<Self, QuantileError> {
        let error = QuantileError::Fraction {
            numerator,
            denominator,
        };
        if numerator == 0 || numerator > denominator {
            return Err(error);
        }
        let common = greatest_common_divisor(numerator, denominator);
        if denominator / common > MAX_DENOMINATOR {
            return Err(error);
        }
        Ok(Self {
            numerator: numerator / common,
            denominator: denominator / common,
            common,
        })
    }

    /// The fraction `1 / eta` of successive halving with the reduction factor `eta`.
    ///
    /// # Errors
    /// [`QuantileError::Fraction`] unless 1 <= `eta` <= 2^31.
    ///
    /// ```
    /// use rungkeeper_rung_model::PromotionQuantile;
    ///
    /// assert_eq!(PromotionQuantile::from_reduction_factor(4)?.value(), 0.25);
    /// # Ok::<(), rungkeeper_rung_model::QuantileError>(())
    /// ```
    pub fn from_reduction_factor(eta: u64) -> Result<Self, QuantileError> {
        Self::new(1, eta)
    }

    /// The simplest fraction that a caller with doubles only can have meant: the first convergent of the continued
    /// fraction of `alpha` whose double equals `alpha` or is a neighbour of it.
    ///
    /// # Errors
    /// [`QuantileError::Value`] unless 0 < `alpha` <= 1 and there is such a fraction with a denominator
    /// of at most 2^31.
    ///
    /// ```
    /// use rungkeeper_rung_model::PromotionQuantile;
    ///
    /// assert_eq!(PromotionQuantile::from_f64(0.1)?, PromotionQuantile::new(1, 10)?);
    /// assert_eq!(PromotionQuantile::from_f64(81.0 / 100.0)?, PromotionQuantile::new(81, 100)?);
    /// assert!(PromotionQuantile::from_f64(f64::NAN).is_err());
    /// # Ok::<(), rungkeeper_rung_model::QuantileError>(())
    /// ```
    pub fn from_f64(alpha: f64) -> Result<Self, QuantileError> {
        let error = QuantileError::Value { value: alpha };
        // Below 2^-32 no fraction with a denominator of 2^31 is near; above it, mantissa and power fit into u128.
        if !(alpha > 0.5 / MAX_DENOMINATOR as f64 && alpha <= 1.0) {
            return Err(error);
        }
        let exponent = 1075 - (alpha.to_bits() >> 52);
        let mantissa = (alpha.to_bits() & ((1 << 52) - 1)) | (1 << 52);
        // Euclid on alpha = mantissa / 2^exponent, with the recurrence of the convergents.
        let (mut high, mut low) = (u128::from(mantissa), 1u128 << exponent);
        let (mut num, mut num_before) = (1u128, 0u128);
        let (mut den, mut den_before) = (0u128, 1u128);
        while low > 0 {
            let digit = high / low;
            (high, low) = (low, high - digit * low);
            (num, num_before) = (digit * num + num_before, num);
            (den, den_before) = (digit * den + den_before, den);
            if den > u128::from(MAX_DENOMINATOR) {
                break;
            }
            if is_double_or_neighbour(num as f64 / den as f64, alpha) {
                return Self::new(num as u64, den as u64).map_err(|_| error);
            }
        }
        Err(error)
    }

    /// The numerator a.
    #[must_use]
    pub const fn numerator(&self) -> u64 {
        self.numerator
    }

    /// The denominator b.
    #[must_use]
    pub const fn denominator(&self) -> u64 {
        self.denominator
    }

    /// Numerator and denominator as they were given to [`new`](Self::new), not reduced: what is serialized.
    ///
    /// ```
    /// use rungkeeper_rung_model::PromotionQuantile;
    ///
    /// let quantile = PromotionQuantile::new(3, 9)?;
    /// assert_eq!(quantile.given(), [3, 9]);
    /// assert_eq!(quantile, PromotionQuantile::new(1, 3)?);
    /// # Ok::<(), rungkeeper_rung_model::QuantileError>(())
    /// ```
    #[must_use]
    pub const fn given(&self) -> [u64; 2] {
        [self.numerator * self.common, self.denominator * self.common]
    }

    /// The double next to a/b. No promotion is decided by it.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }
}

impl fmt::Display for PromotionQuantile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl TryFrom<[u64; 2]> for PromotionQuantile {
    type Error = QuantileError;

    fn try_from([numerator, denominator]: [u64; 2]) -> Result<Self, QuantileError> {
        Self::new(numerator, denominator)
    }
}

impl From<PromotionQuantile> for [u64; 2] {
    fn from(quantile: PromotionQuantile) -> Self {
        quantile.given()
    }
}

impl PartialEq for PromotionQuantile {
    fn eq(&self, other: &Self) -> bool {
        (self.numerator, self.denominator) == (other.numerator, other.denominator)
    }
}

impl Eq for PromotionQuantile {}

impl core::hash::Hash for PromotionQuantile {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        (self.numerator, self.denominator).hash(state);
    }
}

/// Whether two positive doubles are equal or neighbours: their bits, read as integers, differ by at most 1.
fn is_double_or_neighbour(x: f64, y: f64) -> bool {
    x.to_bits().abs_diff(y.to_bits()) <= 1
}

fn greatest_common_divisor(mut x: u64, mut y: u64) -> u64 {
    while y != 0 {
        (x, y) = (y, x % y);
    }
    x
}
