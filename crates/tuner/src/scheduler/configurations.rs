//! The configurations of a run's trials: none twice as long as there are others.

use std::collections::{HashMap, HashSet};

use crate::random::{Draws, Purpose};
use crate::search_space::{Configuration, Numbering, SearchSpace};

/// Most configurations of a space of which it is known which ones are used.
const MOST: u128 = 1_000_000;

/// Draws in a row that were all used already after which one of the others is picked. With all
/// configurations equally probable, this many are fruitless by chance only where nearly all are used.
const FRUITLESS: u64 = 1_000;

/// What each trial is given.
///
/// Trial n has draw number n of the space. Where the space is finite and small, a draw that is
/// used already is passed over, so that trial n has the n-th different one. Which one that is depends
/// on the space, the seed and n, and on what was adopted. The same goes for the configurations of an
/// endless space without a parameter that is any number of a range: that may be active in some only.
#[derive(Clone, Debug)]
pub(super) struct Configurations {
    space: SearchSpace,
    seed: u64,
    /// Where the space, or a part of it, is finite and small.
    finite: Option<Finite>,
    /// What trials have that have not the draw of their number.
    others: HashMap<u64, Source>,
}

#[derive(Clone, Debug)]
struct Finite {
    numbering: Numbering,
    /// Numbers of those that trials have.
    used: HashSet<u128>,
    /// Number of the next draw.
    next: u64,
}

/// Where a configuration comes from.
#[derive(Clone, Debug)]
enum Source {
    /// The draw with this number.
    Draw(u64),
    /// It was picked among those left, or adopted.
    Known(Configuration),
}

impl Configurations {
    pub(super) fn new(space: SearchSpace, seed: u64) -> Self {
        let finite = Numbering::new(&space, MOST).map(|numbering| Finite {
            numbering,
            used: HashSet::new(),
            next: 0,
        });
        Self {
            space,
            seed,
            finite,
            others: HashMap::new(),
        }
    }

    /// Number of configurations that are tried first.
    pub(super) fn num_given(&self) -> u64 {
        self.space.given().len() as u64
    }

    /// Whether all configurations are used.
    pub(super) fn are_used_up(&self) -> bool {
        self.finite.as_ref().is_some_and(|finite| {
            let size = finite.numbering.size();
            size.is_some_and(|size| finite.used.len() as u128 >= size)
        })
    }

    /// The configuration of a trial that has begun; of another one, the draw of its number.
    pub(super) fn get(&self, trial: u64) -> Configuration {
        match self.others.get(&trial) {
            Some(Source::Known(configuration)) => configuration.clone(),
            Some(&Source::Draw(number)) => self.space.configuration(self.seed, number),
            None => self.space.configuration(self.seed, trial),
        }
    }

    /// Gives the next trial its configuration. Nothing where all are used up.
    pub(super) fn take(&mut self, trial: u64) -> Option<Configuration> {
        let (source, configuration) = self.find(trial)?;
        self.keep(trial, source, &configuration);
        Some(configuration)
    }

    /// Gives a trial the configuration that it had in an earlier session; an empty one is taken
    /// for not known.
    pub(super) fn adopt(&mut self, trial: u64, configuration: &Configuration) {
        match self.find(trial) {
            Some((source, found)) if configuration.is_empty() || found == *configuration => {
                self.keep(trial, source, &found);
            }
            None if configuration.is_empty() => {} // it has the draw of its number
            _ => self.keep(trial, Source::Known(configuration.clone()), configuration),
        }
    }

    /// What the next trial would be given.
    fn find(&self, trial: u64) -> Option<(Source, Configuration)> {
        let Some(finite) = &self.finite else {
            let drawn = self.space.configuration(self.seed, trial);
            return Some((Source::Draw(trial), drawn));
        };
        if self.are_used_up() {
            return None;
        }
        let size = finite.numbering.size();
        let is_new = |configuration: &Configuration| {
            let number = finite.numbering.number_of(configuration);
            // What has no number is one of endlessly many.
            number.map_or(size.is_none(), |number| !finite.used.contains(&number))
        };
        let draws = finite.next..finite.next.saturating_add(FRUITLESS);
        let mut drawn = draws.map(|draw| (draw, self.space.configuration(self.seed, draw)));
        if let Some((draw, configuration)) = drawn.find(|(_, drawn)| is_new(drawn)) {
            return Some((Source::Draw(draw), configuration));
        }
        let Some(size) = size else {
            // The endless part is next to never drawn: a copy it is.
            let drawn = self.space.configuration(self.seed, finite.next);
            return Some((Source::Draw(finite.next), drawn));
        };
        let mut left = (0..size).filter(|number| !finite.used.contains(number));
        let count = size - finite.used.len() as u128;
        let place = Draws::new(self.seed, trial, Purpose::Left).below(count);
        let configuration = finite.numbering.numbered(left.nth(place as usize)?)?;
        Some((Source::Known(configuration.clone()), configuration))
    }

    fn keep(&mut self, trial: u64, source: Source, configuration: &Configuration) {
        if let Some(finite) = &mut self.finite {
            finite
                .used
                .extend(finite.numbering.number_of(configuration));
            finite.next = match source {
                Source::Draw(draw) => draw + 1,
                // An earlier version gave each trial the draw of its number.
                Source::Known(_) => finite.next.max(trial + 1),
            };
        }
        match source {
            Source::Draw(draw) if draw == trial => {}
            source => {
                self.others.insert(trial, source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search_space::{Domain, Value};

    fn space(parameters: &[(&str, Domain)]) -> SearchSpace {
        let parameters = parameters.iter().cloned();
        SearchSpace::new(parameters.map(|(name, domain)| (name.to_owned(), domain))).unwrap()
    }

    fn taken(configurations: &mut Configurations) -> Vec<Configuration> {
        (0..)
            .map_while(|trial| configurations.take(trial))
            .collect()
    }

    fn numbers(all: &[Configuration], of: &SearchSpace) -> Vec<u128> {
        let numbering = Numbering::new(of, MOST).unwrap();
        let numbers = all.iter().map(|one| numbering.number_of(one).unwrap());
        numbers.collect()
    }

    /// Trial n has the n-th different one of the plain draws.
    #[test]
    fn none_is_there_twice() {
        let space = space(&[
            ("x", Domain::Int { low: 1, high: 6 }),
            ("y", Domain::LogInt { low: 1, high: 4 }),
        ]);
        for seed in 0..20 {
            let mut configurations = Configurations::new(space.clone(), seed);
            let all = taken(&mut configurations);
            assert_eq!(all.len(), 24);
            assert!(configurations.are_used_up());
            let mut expected: Vec<Configuration> = Vec::new();
            for draw in 0..10_000 {
                let drawn = space.configuration(seed, draw);
                if !expected.contains(&drawn) {
                    expected.push(drawn);
                }
            }
            assert_eq!(all, expected);
            for (trial, configuration) in all.iter().enumerate() {
                assert_eq!(configurations.get(trial as u64), *configuration);
            }
        }
    }

    #[test]
    fn endless_spaces_draw_as_ever() {
        let space = space(&[(
            "x",
            Domain::Uniform {
                low: 0.0,
                high: 1.0,
            },
        )]);
        let mut configurations = Configurations::new(space.clone(), 7);
        for trial in 0..100 {
            let drawn = space.configuration(7, trial);
            assert_eq!(configurations.take(trial), Some(drawn.clone()));
            assert_eq!(configurations.get(trial), drawn);
        }
        assert!(!configurations.are_used_up() && configurations.others.is_empty());
    }

    /// The last ones of a space with improbable values come without millions of draws.
    #[test]
    fn improbable_ones_are_picked() {
        let steep = Domain::LogInt { low: 1, high: 50 };
        let space = space(&[("x", steep.clone()), ("y", steep.clone()), ("z", steep)]);
        let mut configurations = Configurations::new(space.clone(), 0);
        let all: Vec<_> = (0..3_000)
            .map_while(|trial| configurations.take(trial))
            .collect();
        let mut once = numbers(&all, &space);
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), 3_000);
        let small = SearchSpace::new([(
            "x".to_owned(),
            Domain::LogInt {
                low: 1,
                high: 3_000,
            },
        )]);
        let small = small.unwrap();
        let mut configurations = Configurations::new(small.clone(), 0);
        let all = taken(&mut configurations);
        let mut once = numbers(&all, &small);
        once.sort_unstable();
        assert_eq!(once, (0..3_000).collect::<Vec<_>>());
        assert!(
            configurations
                .others
                .values()
                .any(|one| matches!(one, Source::Known(_)))
        );
    }

    /// Given ones come first, each once; values that are there twice count once.
    #[test]
    fn given_ones_count() {
        let values = ["a", "b", "a"].map(Value::from).to_vec();
        let space = space(&[
            ("x", Domain::Choice { values }),
            ("y", Domain::Constant(Value::Integer(3))),
        ]);
        let b: Configuration = [("x", Value::from("b"))].into_iter().collect();
        let space = space.with_given(vec![b.clone(), b]).unwrap();
        let all = taken(&mut Configurations::new(space, 0));
        let shown: Vec<_> = all
            .iter()
            .map(|one| one.get("x").unwrap().to_string())
            .collect();
        assert_eq!(shown, ["b", "a"]);
    }

    /// A run goes on the same whether it was interrupted or not; trials that an earlier version gave
    /// the same configuration twice keep it.
    #[test]
    fn recorded_ones_are_adopted() {
        let space = space(&[("x", Domain::Int { low: 0, high: 9 })]);
        let all = taken(&mut Configurations::new(space.clone(), 3));
        for cut in 0..10 {
            let mut resumed = Configurations::new(space.clone(), 3);
            for (trial, configuration) in all[..cut].iter().enumerate() {
                resumed.adopt(trial as u64, configuration);
            }
            let rest: Vec<_> = (cut as u64..)
                .map_while(|trial| resumed.take(trial))
                .collect();
            assert_eq!(rest, all[cut..]);
        }

        let mut resumed = Configurations::new(space.clone(), 3);
        let old: Vec<_> = (0..8).map(|trial| space.configuration(3, trial)).collect();
        assert!((1..8).any(|trial| old[..trial].contains(&old[trial])));
        for (trial, configuration) in old.iter().enumerate() {
            resumed.adopt(trial as u64, configuration);
            assert_eq!(resumed.get(trial as u64), *configuration);
        }
        let rest: Vec<_> = (8..).map_while(|trial| resumed.take(trial)).collect();
        assert!(rest.iter().all(|one| !old.contains(one)));
        let used: HashSet<u128> = numbers(&[old, rest].concat(), &space).into_iter().collect();
        assert_eq!(used.len(), 10);

        let foreign: Configuration = [("y", Value::Bool(true))].into_iter().collect();
        let mut resumed = Configurations::new(space.clone(), 3);
        resumed.adopt(0, &foreign);
        assert_eq!(resumed.get(0), foreign);
        resumed.adopt(1, &Configuration::default());
        assert_eq!(resumed.get(1), space.configuration(3, 1));
    }
}
