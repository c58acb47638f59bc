//! What comes to the loop of a run.

use crate::desk::Done;
use crate::process::Said;
use crate::search::Heard;

/// One of those who tell the loop something. None of them knows of the others.
pub(crate) enum Message {
    /// A training program said something.
    Said(Said),
    /// Work on the store is done.
    Done(Done),
    /// The search program said something.
    Search(Heard),
}

impl From<Said> for Message {
    fn from(said: Said) -> Self {
        Self::Said(said)
    }
}

impl From<Done> for Message {
    fn from(done: Done) -> Self {
        Self::Done(done)
    }
}

impl From<Heard> for Message {
    fn from(heard: Heard) -> Self {
        Self::Search(heard)
    }
}
