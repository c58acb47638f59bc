//! A cost that is not computed any further once the user has interrupted.

use std::cell::RefCell;

use rungkeeper_estimators::LevelEstimators;
use rungkeeper_policies::{ArrivalData, Candidate, ExpectedCost, PolicyError, RungCost, RungView};

use crate::interrupt::{Patience, keep};

/// The cost inside, or an error after an interrupt, whose exception is kept.
pub(super) struct Watched<C>(pub(super) C);

impl<C: ExpectedCost> ExpectedCost for Watched<C> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn observe(&mut self, data: &ArrivalData) -> Result<(), PolicyError> {
        self.0.observe(data)
    }

    fn of_rung<'a>(
        &'a self,
        rung: RungView<'a>,
        time_ratio: f64,
    ) -> Result<Box<dyn RungCost + 'a>, PolicyError> {
        Ok(Box::new(WatchedRung(self.0.of_rung(rung, time_ratio)?)))
    }

    fn falls_with_rank(&self) -> bool {
        self.0.falls_with_rank()
    }

    fn estimators(&self) -> Option<&LevelEstimators> {
        self.0.estimators()
    }
}

struct WatchedRung<'a>(Box<dyn RungCost + 'a>);

impl RungCost for WatchedRung<'_> {
    fn ln_cost(&mut self, candidate: &Candidate<'_>, enough: f64) -> Result<f64, PolicyError> {
        ask()?;
        self.0.ln_cost(candidate, enough)
    }

    fn guess(&self, candidate: &Candidate<'_>) -> f64 {
        self.0.guess(candidate)
    }
}

/// Asks with the patience of this thread: rungs are many, and each is looked at for a moment.
fn ask() -> Result<(), PolicyError> {
    thread_local! {
        static PATIENCE: RefCell<Patience> = RefCell::new(Patience::new());
    }
    PATIENCE
        .with(|patience| patience.borrow_mut().ask())
        .map_err(|interrupt| {
            keep(interrupt);
            PolicyError::Other("interrupted".to_owned())
        })
}
