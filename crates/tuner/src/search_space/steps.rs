//! Values at equal distances.

use crate::search_space::{Domain, Value};

/// Most values: 2^53, up to which doubles hold whole numbers.
const MOST: f64 = 9_007_199_254_740_992.0;

/// How far from a whole number of steps a bound or a value may be, in steps, and still be one: what
/// the rounding of decimal fractions makes of it.
const ROUNDING: f64 = 1e-6;

/// Most digits behind the point that a double is rounded to.
const MOST_DIGITS: usize = 17;

/// The values of a domain with a step, by their places.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Steps {
    /// Whole numbers.
    Whole { low: i64, step: i64, count: u128 },
    /// Numbers with a fixed number of digits behind the point.
    Decimal {
        low: f64,
        step: f64,
        digits: usize,
        count: u128,
    },
}

impl Steps {
    /// The steps of a domain, if it has any. Whole numbers without a step have steps of 1.
    pub(crate) fn of(domain: &Domain) -> Option<Self> {
        match *domain {
            Domain::Int { low, high } | Domain::LogInt { low, high } => {
                Self::of_whole(low, high, 1)
            }
            Domain::IntSteps { low, high, step } => Self::of_whole(low, high, step),
            Domain::UniformSteps { low, high, step } => Self::of_floats(low, high, step),
            _ => None,
        }
    }

    /// None where the bounds or the step leave nothing.
    fn of_whole(low: i64, high: i64, step: i64) -> Option<Self> {
        if low > high || step <= 0 {
            return None;
        }
        let range = (i128::from(high) - i128::from(low)).unsigned_abs();
        let count = range / u128::from(step.unsigned_abs()) + 1;
        Some(Self::Whole { low, step, count })
    }

    /// None where there are more than doubles tell apart.
    pub(crate) fn of_floats(low: f64, high: f64, step: f64) -> Option<Self> {
        let steps = (high / step) - (low / step);
        let nearest = libm::round(steps);
        let whole = if (steps - nearest).abs() <= ROUNDING {
            nearest
        } else {
            libm::floor(steps)
        };
        if !(0.0..MOST).contains(&whole) {
            return None;
        }
        // At this many steps the last two must still be different numbers.
        let (last, before) = (low + whole * step, low + (whole - 1.0) * step);
        if last == before {
            return None;
        }
        let digits = digits_of(low).max(digits_of(step));
        let count = whole as u128 + 1;
        Some(Self::Decimal {
            low,
            step,
            digits,
            count,
        })
    }

    /// Number of values.
    pub(crate) fn count(&self) -> u128 {
        match *self {
            Self::Whole { count, .. } | Self::Decimal { count, .. } => count,
        }
    }

    /// The value at a place, from 0.
    pub(crate) fn at(&self, place: u128) -> Option<Value> {
        if place >= self.count() {
            return None;
        }
        match *self {
            Self::Whole { low, step, .. } => {
                let value = i128::from(low) + i128::try_from(place).ok()? * i128::from(step);
                i64::try_from(value).ok().map(Value::Integer)
            }
            Self::Decimal {
                low, step, digits, ..
            } => {
                let value = low + place as f64 * step;
                Some(Value::Float(rounded(value, digits)))
            }
        }
    }

    /// The place of a value, if it is one of them.
    pub(crate) fn place(&self, value: &Value) -> Option<u128> {
        let place = match (*self, value) {
            (Self::Whole { low, step, .. }, &Value::Integer(value)) => {
                let distance = i128::from(value) - i128::from(low);
                if distance % i128::from(step) != 0 {
                    return None;
                }
                u128::try_from(distance / i128::from(step)).ok()?
            }
            (Self::Decimal { low, step, .. }, &Value::Float(value)) => {
                let steps = (value - low) / step;
                let nearest = libm::round(steps);
                let is_one = (steps - nearest).abs() <= ROUNDING && (0.0..MOST).contains(&nearest);
                is_one.then_some(nearest as u128)?
            }
            _ => return None,
        };
        (place < self.count()).then_some(place)
    }
}

/// Digits behind the point of a number as it is written without an exponent.
fn digits_of(number: f64) -> usize {
    let shown = number.to_string();
    shown.split_once('.').map_or(0, |(_, digits)| digits.len())
}

/// Three steps of 0.1 are 0.3, and not 0.30000000000000004.
fn rounded(value: f64, digits: usize) -> f64 {
    if digits > MOST_DIGITS {
        return value;
    }
    format!("{value:.digits$}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(low: f64, high: f64, step: f64) -> Vec<String> {
        let steps = Steps::of_floats(low, high, step).unwrap();
        let places = 0..steps.count();
        let values = places.map(|place| {
            let value = steps.at(place).unwrap();
            assert_eq!(steps.place(&value), Some(place));
            value.to_string()
        });
        values.collect()
    }

    #[test]
    fn decimal_fractions_are_as_a_person_writes_them() {
        let tenths = [
            "0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "1.0",
        ];
        assert_eq!(all(0.0, 1.0, 0.1), tenths);
        assert_eq!(all(0.1, 0.75, 0.2), ["0.1", "0.3", "0.5", "0.7"]);
        assert_eq!(all(-0.5, 0.0, 0.25), ["-0.5", "-0.25", "0.0"]);
        assert_eq!(all(1e-5, 3e-5, 1e-5), ["1e-5", "2e-5", "3e-5"]);
        assert_eq!(all(2.0, 2.0, 5.0), ["2.0"]);
        assert!(Steps::of_floats(0.0, 1.0, 1e-17).is_none());
        assert!(Steps::of_floats(1e20, 1e20 + 1e6, 1.0).is_none());
    }

    #[test]
    fn whole_numbers_reach_to_both_ends() {
        let steps = Steps::of_whole(i64::MIN, i64::MAX, 2).unwrap();
        assert_eq!(steps.count(), 1 << 63);
        assert_eq!(
            steps.at(steps.count() - 1),
            Some(Value::Integer(i64::MAX - 1))
        );
        assert_eq!(steps.at(steps.count()), None);
        let steps = Steps::of_whole(16, 100, 16).unwrap();
        let values: Vec<_> = (0..steps.count()).map(|place| steps.at(place)).collect();
        let expected = [16, 32, 48, 64, 80, 96].map(|value| Some(Value::Integer(value)));
        assert_eq!(values, expected);
        for (low, high, step) in [(0, 9, 0), (0, 9, -1), (9, 0, 1)] {
            let domain = Domain::IntSteps { low, high, step };
            assert!(Steps::of(&domain).is_none() && domain.accept(&Value::Integer(3)).is_none());
        }
        for (value, place) in [(32, Some(1)), (33, None), (0, None), (112, None)] {
            assert_eq!(steps.place(&Value::Integer(value)), place);
        }
    }
}
