//! Reading ahead: what comes next is read and parsed while what came before is worked on.

use std::sync::mpsc;
use std::thread;

/// Items that are handed over at a time: one by one, handing over would take longer than parsing.
const BATCH: usize = 512;

/// Batches that are read ahead at most.
const AHEAD: usize = 8;

/// The same items in the same order, made on another thread. Nothing is made for longer than the
/// iterator that is returned lives, except for items that were read ahead already.
pub(crate) fn ahead<T, I>(mut items: I) -> impl Iterator<Item = T>
where
    T: Send + 'static,
    I: Iterator<Item = T> + Send + 'static,
{
    let (sender, receiver) = mpsc::sync_channel(AHEAD);
    thread::spawn(move || {
        loop {
            let batch: Vec<T> = items.by_ref().take(BATCH).collect();
            if batch.is_empty() || sender.send(batch).is_err() {
                return;
            }
        }
    });
    receiver.into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_or_moved() {
        for number in [0, 1, BATCH, BATCH + 1, 20 * BATCH] {
            assert!(ahead(0..number).eq(0..number), "{number}");
        }
    }

    #[test]
    fn it_ends_with_whoever_reads() {
        let mut endless = ahead(0_u64..);
        assert_eq!(endless.nth(10_000), Some(10_000));
    }
}
