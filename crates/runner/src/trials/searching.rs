//! New trials whose configurations a program proposes.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use super::starting::Next;
use super::{Halt, Once, Trials};
use crate::search::{Heard, Proposal, Search};
use crate::slots::Beginning;
use crate::{RunError, Stop};

/// What the search program prints as errors goes where the output of trials is, which are numbered.
const OUTPUT: &str = "search";

impl Trials<'_> {
    /// Sets up the search that the experiment names; what its program says is sent to `to`.
    pub(crate) fn set_up_search<M>(&mut self, to: &SyncSender<M>)
    where
        M: From<Heard> + Send + 'static,
    {
        self.search = Search::new(
            Arc::clone(&self.experiment),
            self.surroundings.working_directory.clone(),
            self.environment_of_the_run(),
            self.directory().output(OUTPUT),
            to.clone(),
        );
    }

    /// A new trial, once the search program has proposed its configuration.
    pub(super) fn propose(&mut self, trial: String, bracket: usize) -> Result<Next, RunError> {
        let (limits, told) = (self.books.limits(), self.books.take_told());
        let Some(search) = &mut self.search else {
            return Ok(Next::Nothing);
        };
        Ok(match search.propose(&trial, limits, told) {
            Proposal::Configuration(configuration) => {
                self.books.start(&trial, bracket, &configuration)?;
                Next::Begin(
                    trial,
                    Beginning::Start {
                        bracket,
                        configuration,
                    },
                )
            }
            // It waits for news of trials, and no trial is left that could have any.
            Proposal::Waits if self.slots.are_empty() => {
                self.stopping.halt(Halt::GaveUp(format!(
                    "the search program has nothing for trial {trial} before it is told more, and no trial runs or can \
                     be promoted: it has to propose one, or say {{\"end\": true}}"
                )));
                Next::Later
            }
            Proposal::Later | Proposal::Waits => Next::Later,
            Proposal::End => {
                if self.said.insert(Once::NoMore) {
                    self.books.note(
                        "the search program proposes no more: the run ends once its trials are done",
                    );
                }
                Next::Nothing
            }
            Proposal::Failed(reason) => {
                self.stopping.halt(Halt::GaveUp(reason));
                Next::Later
            }
        })
    }

    /// The search program said something.
    pub(crate) fn heard_of_search(&mut self, heard: Heard) {
        if let Some(search) = &mut self.search {
            search.heard(heard);
        }
    }

    /// Tells the search program what happened. Before it is started this is kept for it.
    pub(super) fn tell_search(&mut self) {
        if let Some(search) = &mut self.search
            && search.listens()
        {
            search.tell(self.books.take_told());
        }
    }

    /// The run stops, and its search program with it.
    pub(crate) fn end_search(&mut self) {
        let now = self.stopping.asked == Stop::Now;
        if let Some(search) = &mut self.search {
            search.end(now);
        }
    }

    /// The run is over: so is its search program when this returns.
    pub(crate) fn wait_for_the_end_of_search(&mut self) {
        self.tell_search();
        if let Some(search) = &mut self.search {
            search.wait_for_the_end();
        }
    }
}
