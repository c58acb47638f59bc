//! Families of learning curves that runs are simulated on.

use anyhow::{Context, Result};
use rungkeeper_rung_model::Mode;
use rungkeeper_tuner::curves::{CurveTable, ReadOptions};
use rungkeeper_tuner::simulation::{Curves, Draw, Levels};

use crate::curves::{self, Arrivals, Shape};

/// Where the data sets of the Learning Curve Database are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/cli/curves");

/// The group of the families by which a score may be chosen.
pub(crate) const CHOOSING: &str = "choosing";
/// The group of those that tell whether the choice holds elsewhere; no score is changed because of them.
pub(crate) const CHECK: &str = "check";

/// Learning curves of one kind, in an order of one kind.
#[derive(Clone, Copy)]
pub(crate) struct Family {
    pub(crate) name: &'static str,
    pub(crate) group: &'static str,
    /// Number of reports after which a run ends.
    pub(crate) reports: u64,
    source: Source,
}

#[derive(Clone, Copy)]
enum Source {
    /// The data set of this number. Without an order of its own it has another one with each seed.
    DataSet(u32, Arrivals),
    /// Made by a generator.
    Made(Shape, Arrivals, Ladder),
}

/// The rung levels and, last, the max resource.
#[derive(Clone, Copy)]
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
                let ratios = (0..5).map(|step| eta + step % 2);
                let levels = ratios.scan(1, |level, ratio| {
                    *level *= ratio;
                    Some(*level)
                });
                std::iter::once(1).chain(levels).collect()
            }
            Self::Fractional => {
                let powers = (0..5).map(|power| 2.0 * (eta as f64 + 0.5).powi(power));
                powers.map(|level| level.floor() as u64).collect()
            }
        }
    }
}

impl Family {
    /// The curves of a run with the reduction factor `eta`, small metrics or large ones good.
    pub(crate) fn curves(&self, eta: u64, seed: u64) -> Result<Curves> {
        match self.source {
            Source::DataSet(number, arrivals) => {
                let path = format!("{FOLDER}/openml_{number}.csv");
                let table = CurveTable::from_path(&path, &ReadOptions::new()).context(path)?;
                let mut curves = Curves::new(table, None);
                if arrivals != Arrivals::Random {
                    curves.table = curves::reordered(&curves, arrivals, seed)?;
                }
                Ok(curves)
            }
            Source::Made(shape, arrivals, ladder) => Ok(Curves {
                table: curves::made(shape, arrivals, &ladder.resources(eta), self.reports, seed)?,
                mode: Mode::Min,
            }),
        }
    }

    /// The rung levels for a reduction factor.
    pub(crate) fn levels(&self, eta: u64) -> Levels {
        match self.source {
            Source::DataSet(..) => Levels::geometric(eta),
            Source::Made(_, _, ladder) => {
                let mut levels = ladder.resources(eta);
                levels.pop(); // the max resource
                Levels::List(levels)
            }
        }
    }

    /// In which order its curves come.
    pub(crate) fn draw(&self) -> Draw {
        if self.is_shuffled() {
            Draw::WithoutReplacement
        } else {
            Draw::InOrder
        }
    }

    /// Whether it is a data set in random order.
    pub(crate) fn is_shuffled(&self) -> bool {
        matches!(self.source, Source::DataSet(_, Arrivals::Random))
    }

    /// What its curves are, in words.
    pub(crate) fn about(&self) -> String {
        let (curves, arrivals, rungs) = match self.source {
            Source::DataSet(number, arrivals) => {
                let curves = format!("accuracies of classifiers on the OpenML data set {number}");
                (curves, arrivals, "")
            }
            Source::Made(shape, arrivals, ladder) => {
                let rungs = match ladder {
                    Ladder::Even => "",
                    Ladder::Uneven => {
                        "; ratios of rung levels that alternate between eta and eta + 1"
                    }
                    Ladder::Fractional => "; ratios of rung levels near eta + 1/2",
                };
                (shape.about().to_owned(), arrivals, rungs)
            }
        };
        let order = match arrivals {
            Arrivals::Random if self.is_shuffled() => ", in random order",
            Arrivals::Random => "",
            Arrivals::Improving => "; later ones are better",
            Arrivals::Deteriorating => "; later ones are worse",
            Arrivals::Evolutionary => "; small changes of the best of five among the last fifty",
        };
        format!("{curves}{order}{rungs}")
    }
}

/// All families.
pub(crate) fn families() -> Vec<Family> {
    use Arrivals::{Deteriorating, Evolutionary, Improving, Random};
    use Ladder::{Even, Fractional, Uneven};
    let family = |name, group, reports, source| Family {
        name,
        group,
        reports,
        source,
    };
    let data_set =
        |name, group, number, arrivals| family(name, group, 600, Source::DataSet(number, arrivals));
    let made = |name, group, reports, shape| {
        family(name, group, reports, Source::Made(shape, Random, Even))
    };
    let power_laws = |name, arrivals, ladder| {
        let source = Source::Made(Shape::PowerLaw, arrivals, ladder);
        family(name, CHECK, 1_000, source)
    };
    vec![
        data_set("LCDB 351", CHOOSING, 351, Random),
        data_set("LCDB 1236", CHOOSING, 1236, Random),
        data_set("LCDB 41150", CHOOSING, 41150, Random),
        made("power laws", CHOOSING, 1_200, Shape::PowerLaw),
        made("crossing power laws", CHOOSING, 800, Shape::Crossing),
        made("many ties", CHECK, 800, Shape::Ties),
        made("late jumps", CHECK, 2_500, Shape::LateJump),
        made("mostly noise", CHECK, 400, Shape::MostlyNoise),
        made("nearly noiseless", CHECK, 1_000, Shape::NearlyNoiseless),
        power_laws("improving", Improving, Even),
        power_laws("deteriorating", Deteriorating, Even),
        power_laws("evolutionary", Evolutionary, Even),
        data_set("LCDB 41150, improving", CHECK, 41150, Improving),
        data_set("LCDB 351, deteriorating", CHECK, 351, Deteriorating),
        power_laws("uneven rungs", Random, Uneven),
        power_laws("fractional rungs", Random, Fractional),
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
            let curves = |seed| family.curves(4, seed).unwrap();
            assert_eq!(curves(3), curves(3), "{}", family.name);
            assert_eq!(
                curves(3) == curves(4),
                family.is_shuffled(),
                "{}",
                family.name
            );
        }
    }
}
