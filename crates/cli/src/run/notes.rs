//! What a command that ends at once has to say besides its result.

use std::io::{self, Write};

use rungkeeper_runner::Observer;

use crate::plain::message;

pub(super) struct Notes;

impl Observer for Notes {
    fn note(&mut self, text: &str) {
        // A pipe that is gone is no reason to stop.
        let _ = writeln!(io::stderr(), "note: {}", message(text));
    }
}
