//! Work that may need a policy of a user's own, which is asked without the lock: it can use other threads as it likes.

use pyo3::prelude::*;
use rungkeeper_tuner_hooks::HookError;

use super::recorded::Recorded;
use super::shared::Shared;
use crate::arguments::refused;
use crate::interrupt;
use crate::policy::{Answer, Own, Question};

/// How often a policy is asked for one decision, where other threads go on telling of new candidates.
const MOST_ASKED: u32 = 3;

/// The outcome of work.
enum Outcome<T> {
    Done(Result<T, HookError>),
    Asks(Own, Box<Question>),
}

/// As [`Shared::try_with`]. Work that fails because the policy is to be asked changes nothing, and is done again with the
/// answer; what was told by others meanwhile counts then.
pub(super) fn try_asking<T: Send>(
    shared: &Shared,
    py: Python<'_>,
    work: impl Fn(&mut Recorded) -> Result<T, HookError> + Send + Sync,
) -> PyResult<T> {
    let mut answer: Option<Answer> = None;
    let mut asked = 0;
    interrupt::taken();
    loop {
        let known = answer.take();
        let outcome = shared.with(py, |recorded| with_answer(recorded, known, &work))?;
        let (own, question) = match outcome {
            Outcome::Done(done) => {
                return done.map_err(|error| interrupt::taken().unwrap_or_else(|| refused(error)));
            }
            Outcome::Asks(own, question) => (own, question),
        };
        let told = shared.asking(|| own.ask(py, &question))?;
        asked += 1;
        answer = Some(if asked < MOST_ASKED {
            told
        } else {
            told.into_last()
        });
    }
}

fn with_answer<T>(
    recorded: &mut Recorded,
    answer: Option<Answer>,
    work: impl Fn(&mut Recorded) -> Result<T, HookError>,
) -> Outcome<T> {
    if let (Some(own), Some(answer)) = (recorded.own(), answer) {
        own.put_answer(answer);
    }
    let done = work(recorded);
    let Some(own) = recorded.own() else {
        return Outcome::Done(done);
    };
    match own.take_question() {
        Some(question) => Outcome::Asks(own.share(), Box::new(question)),
        None => Outcome::Done(done),
    }
}
