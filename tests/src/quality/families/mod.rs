//! Families of learning curves that runs are simulated on.
//!
//! *Choosing* families are those by which a score may be chosen; *check* families tell whether the
//! choice holds elsewhere, and no score is changed because of them.

mod arrivals;
mod generate;
mod shapes;

use anyhow::{Context, Result};
use rungkeeper_rung_model::Mode;
use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::{Curves, Draw, Levels};

pub use arrivals::Arrivals;
pub use shapes::Shape;

/// Where the data sets of the Learning Curve Database are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/cli/curves");

/// What a family is for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Group {
    /// Scores may be chosen by it.
    Choosing,
    /// It tells whether a choice holds.
    Check,
}

impl Group {
    /// Its name in texts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Choosing => "choosing families",
            Self::Check => "check families",
        }
    }
}

/// Learning curves of one kind, in an order of one kind.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its name in tables.
    pub name: &'static str,
    /// What it is for.
    pub group: Group,
    /// Number of reports after which a run ends.
    pub reports: u64,
    source: Source,
    ladder: Ladder,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    /// A data set, each seed another order.
    File(&'static str),
    /// A data set in an order that is not random.
    Ordered(&'static str, Arrivals),
    /// Made by a generator.
    Made(Shape, Arrivals),
}

/// The rung levels and, last, the max resource.
#[derive(Clone, Copy, Debug)]
enum Ladder {
    /// Powers of eta.
    Even,
    /// Ratios that alternate between eta and eta + 1.
    Uneven,
    /// Ratios near eta + 1/2: no promotion quantile is 1 over an integer.
    Fractional,
}

impl Ladder {
    fn resources(self, eta: u64) -> Vec<u64> {
        match self {
            Self::Even => {
                let powers = std::iter::successors(Some(1), |level| Some(level * eta));
                powers.take_while(|&level| level <= 256).collect()
            }
            Self::Uneven => {
                let mut resources = vec![1];
                for ratio in (0..5).map(|step| eta + step % 2) {
                    resources.push(resources[resources.len() - 1] * ratio);
                }
                resources
            }
            Self::Fractional => {
                let ratio = eta as f64 + 0.5;
                let powers = (0..5).map(|power| 2.0 * ratio.powi(power));
                powers.map(|level| level.floor() as u64).collect()
            }
        }
    }
}

impl Family {
    /// The curves of a run with the reduction factor `eta`, small metrics or large ones good.
    ///
    /// # Errors
    ///
    /// A data set that cannot be read.
    pub fn curves(&self, eta: u64, seed: u64) -> Result<Curves> {
        let read = |file: &str| {
            CurveTable::from_path(format!("{FOLDER}/{file}"), &ReadOptions::new())
                .with_context(|| format!("reading the data set {file}"))
        };
        let (table, mode) = match self.source {
            Source::File(file) => return Ok(Curves::new(read(file)?, None)),
            Source::Ordered(file, arrivals) => {
                let curves = Curves::new(read(file)?, None);
                let table = generate::reordered(&curves, arrivals, seed)?;
                (table, curves.mode)
            }
            Source::Made(shape, arrivals) => {
                let resources = self.ladder.resources(eta);
                let table = generate::made(shape, arrivals, &resources, self.reports, seed)?;
                (table, Mode::Min)
            }
        };
        Ok(Curves { table, mode })
    }

    /// The rung levels for a reduction factor.
    #[must_use]
    pub fn levels(&self, eta: u64) -> Levels {
        match self.source {
            Source::Made(..) => {
                let mut levels = self.ladder.resources(eta);
                levels.pop(); // the max resource
                Levels::List(levels)
            }
            _ => Levels::geometric(eta),
        }
    }

    /// In which order its curves come.
    #[must_use]
    pub fn draw(&self) -> Draw {
        match self.source {
            Source::File(_) => Draw::WithoutReplacement,
            _ => Draw::InOrder,
        }
    }

    /// What its curves are, in words.
    #[must_use]
    pub fn about(&self) -> String {
        let data_set = |file: &str| {
            let number = file.trim_start_matches("openml_").trim_end_matches(".csv");
            format!("accuracies of classifiers on the OpenML data set {number}")
        };
        let rungs = match self.ladder {
            Ladder::Even => "",
            Ladder::Uneven => "; ratios of rung levels that alternate between eta and eta + 1",
            Ladder::Fractional => "; ratios of rung levels near eta + 1/2",
        };
        match self.source {
            Source::File(file) => format!("{}, in random order", data_set(file)),
            Source::Ordered(file, arrivals) => {
                format!("{}; {}", data_set(file), arrivals.about())
            }
            Source::Made(shape, Arrivals::Random) => format!("{}{rungs}", shape.about()),
            Source::Made(shape, arrivals) => {
                format!("{}; {}{rungs}", shape.about(), arrivals.about())
            }
        }
    }

    /// Whether it is a data set in random order.
    #[must_use]
    pub fn is_data_set(&self) -> bool {
        matches!(self.source, Source::File(_))
    }
}

/// All families.
#[must_use]
pub fn families() -> Vec<Family> {
    let family = |name, group, reports, source| Family {
        name,
        group,
        reports,
        source,
        ladder: Ladder::Even,
    };
    let choosing = |name, reports, source| family(name, Group::Choosing, reports, source);
    let check = |name, reports, source| family(name, Group::Check, reports, source);
    let made = |shape| Source::Made(shape, Arrivals::Random);
    let power = |arrivals| Source::Made(Shape::PowerLaw, arrivals);
    vec![
        choosing("LCDB 351", 600, Source::File("openml_351.csv")),
        choosing("LCDB 1236", 600, Source::File("openml_1236.csv")),
        choosing("LCDB 41150", 600, Source::File("openml_41150.csv")),
        choosing("power laws", 1_200, made(Shape::PowerLaw)),
        choosing("crossing power laws", 800, made(Shape::Crossing)),
        check("many ties", 800, made(Shape::Ties)),
        check("late jumps", 2_500, made(Shape::LateJump)),
        check("mostly noise", 400, made(Shape::MostlyNoise)),
        check("nearly noiseless", 1_000, made(Shape::NearlyNoiseless)),
        check("improving", 1_000, power(Arrivals::Improving)),
        check("deteriorating", 1_000, power(Arrivals::Deteriorating)),
        check("evolutionary", 1_000, power(Arrivals::Evolutionary)),
        check(
            "LCDB 41150, improving",
            600,
            Source::Ordered("openml_41150.csv", Arrivals::Improving),
        ),
        check(
            "LCDB 351, deteriorating",
            600,
            Source::Ordered("openml_351.csv", Arrivals::Deteriorating),
        ),
        Family {
            ladder: Ladder::Uneven,
            ..check("uneven rungs", 1_000, made(Shape::PowerLaw))
        },
        Family {
            ladder: Ladder::Fractional,
            ..check("fractional rungs", 1_000, made(Shape::PowerLaw))
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ladders_rise_by_their_ratios() {
        assert_eq!(Ladder::Even.resources(3), [1, 3, 9, 27, 81, 243]);
        assert_eq!(Ladder::Uneven.resources(2), [1, 2, 6, 12, 36, 72]);
        assert_eq!(Ladder::Fractional.resources(2), [2, 5, 12, 31, 78]);
    }

    #[test]
    fn the_same_seed_gives_the_same_curves() {
        for family in families() {
            let curves = family.curves(4, 3).unwrap();
            assert_eq!(curves, family.curves(4, 3).unwrap(), "{}", family.name);
            let others = family.curves(4, 4).unwrap();
            assert_eq!(curves == others, family.is_data_set(), "{}", family.name);
        }
    }
}
