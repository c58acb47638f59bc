//! The event log of a simulated run.

use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{BoxError, RemovalCallback, RemovalPlan};

use crate::simulation::SimulationError;

/// Takes the events of a run as they happen; an error ends the run.
pub type EventSink<'s> = &'s mut dyn FnMut(&Event) -> Result<(), BoxError>;

/// Hands on events where somebody wants them.
pub(super) struct Recorder<'s> {
    sink: Option<EventSink<'s>>,
}

impl<'s> Recorder<'s> {
    pub(super) fn new(sink: Option<EventSink<'s>>) -> Self {
        Self { sink }
    }

    /// Events are made only where they are wanted.
    pub(super) fn event(&mut self, event: impl FnOnce() -> Event) -> Result<(), SimulationError> {
        match &mut self.sink {
            Some(sink) => sink(&event()).map_err(SimulationError::Log),
            None => Ok(()),
        }
    }

    /// What is removed, before it is.
    pub(super) fn plan(
        &mut self,
        plan: &RemovalPlan,
        callback: &RemovalCallback,
    ) -> Result<(), SimulationError> {
        let Some(sink) = &mut self.sink else {
            return Ok(());
        };
        let elapsed = plan.elapsed;
        for removal in &plan.removals {
            let removal = removal.clone();
            sink(&Event::Remove { removal, elapsed }).map_err(SimulationError::Log)?;
        }
        sink(&Event::LoopEnd(callback.loop_end(plan))).map_err(SimulationError::Log)
    }

    /// What was removed is gone.
    pub(super) fn removed(&mut self, plan: &RemovalPlan) -> Result<(), SimulationError> {
        for removal in &plan.removals {
            self.event(|| Event::Removed {
                trial: removal.trial.clone(),
                elapsed: plan.elapsed,
            })?;
        }
        Ok(())
    }

    pub(super) fn end(
        &mut self,
        elapsed: f64,
        callback: &RemovalCallback,
    ) -> Result<(), SimulationError> {
        self.event(|| Event::End(callback.end_of_run(elapsed)))
    }
}
