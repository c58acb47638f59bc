//! The event log as text: JSON lines, an event a line, the header first.
//!
//! An [`Event`](rungkeeper_tuner_hooks::log::Event) is read from a line by [`parse_line`] and written by [`to_line`].
//! Fields and events that are not known are passed over, a version that is not known is refused; `docs/event-log.md` of
//! the project describes each event.

//! # Going on after a stop
//!
//! A tuner applies each event first, so that one that is refused is not in the log, then writes it, and acts on it last. After
//! a kill the log holds all that was acted on: a last line that is cut off ([`LogError::Cut`]) is cut away. A
//! [`Replay`](crate::replay::Replay) of the lines gives the callback back. Trials that are in training go on with a `restart`,
//! from the checkpoint that the log holds. Whether the files of what was removed last are gone nobody knows: they are deleted
//! once more where the trial is still paused without a checkpoint. The example `logged_tuner` is a whole tuner that does so.
//!
//! ```
//! use rungkeeper_tuner::log::{read_lines, to_line};
//! use rungkeeper_tuner::replay::Replay;
//! use rungkeeper_tuner_hooks::log::{Event, Header};
//! use rungkeeper_tuner_hooks::{BoxError, Budget, CheckpointStore, Decision, ModelSpec, RemovalCallback, TrialStatus};
//!
//! let mut header = Header::new("my tuner", &ModelSpec::geometric(1, 3, 27)?, 27);
//! header.budget = Budget::of_checkpoints(8);
//! let (trial, elapsed) = (|| "0".to_owned(), 1.5);
//! let events = [
//!     Event::Header(Box::new(header)),
//!     Event::Start { trial: trial(), bracket: 0, elapsed },
//!     Event::Checkpoint { trial: trial(), level: 1, bytes: 120, elapsed },
//!     Event::Result { trial: trial(), level: 1, metric: 0.4, decision: Decision::Pause, elapsed },
//! ];
//! let log: String = events.iter().map(|event| to_line(event) + "\n").collect();
//!
//! // The tuner was killed. Its log is all that there is.
//! let mut lines = read_lines(log.as_bytes());
//! let Some((_, Event::Header(header))) = lines.next().transpose()? else {
//!     return Err("a log begins with a header".into());
//! };
//! let mut replay = Replay::recorded(RemovalCallback::of_header(&header)?);
//! let (mut seconds, mut removed) = (0.0, Vec::new());
//! for line in lines {
//!     let (number, event) = line?;
//!     replay.feed(number, &event)?;
//!     seconds = event.elapsed().unwrap_or(seconds);
//!     if let Event::Remove { removal, .. } = event {
//!         removed.push(removal.trial);
//!     }
//! }
//! let callback = replay.into_callback()?;
//! let mut store = |trial: &str| -> Result<(), BoxError> { Ok(println!("delete checkpoints/{trial}")) };
//! for trial in removed {
//!     if callback.model().status(&trial) == Some(TrialStatus::PausedNoCheckpoint) {
//!         store.delete(&trial)?;
//!     }
//! }
//! let callback = callback.with_store(store); // the clock goes on from `seconds`
//! assert_eq!(callback.model().num_with_checkpoint(), 1);
//! # Ok::<(), BoxError>(())
//! ```

mod line;
mod parse;

pub use line::{LogError, parse_line, parse_line_and_fields, read_lines, read_texts, to_line};
