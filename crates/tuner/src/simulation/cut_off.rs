//! What becomes of curves that end before the max resource.

use std::str::FromStr;

use thiserror::Error;

use crate::simulation::Curves;

/// What becomes of curves that end before the max resource, as those of paused trials do.
///
/// ```
/// use rungkeeper_tuner::simulation::CutOff;
///
/// assert_eq!("as-is".parse(), Ok(CutOff::AsIs));
/// assert!("as is".parse::<CutOff>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CutOff {
    /// They go on as another one of about the same rank did: [`completed`](crate::curves::CurveTable::completed).
    #[default]
    Donor,
    /// They are complete where they end.
    AsIs,
    /// They are refused.
    Refuse,
}

impl CutOff {
    /// The names, the default first.
    pub const NAMES: [&str; 3] = ["donor", "as-is", "refuse"];
}

/// A name that is none of [`CutOff::NAMES`].
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("`{0}` is none of donor, as-is and refuse")]
pub struct UnknownCutOff(String);

impl FromStr for CutOff {
    type Err = UnknownCutOff;

    fn from_str(name: &str) -> Result<Self, UnknownCutOff> {
        match name {
            "donor" => Ok(Self::Donor),
            "as-is" => Ok(Self::AsIs),
            "refuse" => Ok(Self::Refuse),
            _ => Err(UnknownCutOff(name.to_owned())),
        }
    }
}

/// Curves that end before the max resource: how many, of how many.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{name}: {cut} of {all} curves end before resource {max_resource}")]
#[non_exhaustive]
pub struct CutCurves {
    /// Name of the table.
    pub name: String,
    /// Number of curves that end before.
    pub cut: usize,
    /// Number of curves.
    pub all: usize,
    /// The max resource.
    pub max_resource: u64,
}

impl CutOff {
    /// What becomes of the curves, in a sentence. `as_is` is how a person asks that they are taken for complete.
    #[must_use]
    pub fn told(self, as_is: &str) -> String {
        match self {
            Self::Donor => format!(
                "They go on as others did that were of about the same rank; {as_is} takes them for complete."
            ),
            Self::AsIs | Self::Refuse => {
                "They are taken for complete, so costs are too low if those trials were only paused."
                    .to_owned()
            }
        }
    }
}

impl Curves {
    /// Treats curves that end before the max resource, which is the largest listed unless another one is given, and tells of
    /// them if there are any.
    ///
    /// ```
    /// use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
    /// use rungkeeper_tuner::simulation::{Curves, CutOff};
    ///
    /// let file = "trial,resource,loss\na,1,0.8\na,4,0.6\nb,1,0.9\n";
    /// let table = CurveTable::read(file.as_bytes(), "losses.csv", &ReadOptions::new())?;
    /// let curves = Curves::new(table, None);
    /// let refused = curves.clone().cut_off(None, CutOff::Refuse).unwrap_err();
    /// assert_eq!(refused.to_string(), "losses.csv: 1 of 2 curves end before resource 4");
    /// let (curves, told) = curves.cut_off(None, CutOff::Donor)?;
    /// assert_eq!((curves.table.num_cut(4), told), (0, Some(refused)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// They are refused.
    pub fn cut_off(
        self,
        max_resource: Option<u64>,
        cut_off: CutOff,
    ) -> Result<(Self, Option<CutCurves>), CutCurves> {
        let max_resource = max_resource.unwrap_or(self.table.max_resource());
        let cut = self.table.num_cut(max_resource);
        if cut == 0 {
            return Ok((self, None));
        }
        let found = CutCurves {
            name: self.table.name().to_owned(),
            cut,
            all: self.table.len(),
            max_resource,
        };
        match cut_off {
            CutOff::Refuse => Err(found),
            CutOff::AsIs => Ok((self, Some(found))),
            CutOff::Donor => {
                let table = self.table.completed(self.mode, max_resource);
                Ok((Self { table, ..self }, Some(found)))
            }
        }
    }
}
