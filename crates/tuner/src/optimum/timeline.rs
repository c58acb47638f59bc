//! Time reduced to the stretches that constrain the choice.

use super::{Capacity, Stay};

/// A stay in terms of stretches: it lies over `from..until`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    /// Position in the caller's list of stays.
    pub(super) stay: usize,
    pub(super) from: usize,
    pub(super) until: usize,
}

/// The stretches with more stays over them than room, and the stays that have to share them.
#[derive(Debug)]
pub(super) struct Timeline {
    room: Vec<usize>,
    spans: Vec<Span>,
    unconstrained: Vec<usize>,
}

/// A maximal run of stretches linked by stays. Its spans count from its own first stretch.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) room: &'a [usize],
    pub(super) spans: Vec<Span>,
}

impl Timeline {
    pub(super) fn new(stays: &[Stay], capacity: &Capacity) -> Self {
        let mut points: Vec<u64> = worth_a_place(stays)
            .flat_map(|(_, stay)| [stay.from, stay.until])
            .collect();
        points.sort_unstable();
        points.dedup();
        let place = |turn: u64| points.partition_point(|&point| point < turn);
        let mut spans: Vec<Span> = worth_a_place(stays)
            .map(|(index, stay)| Span {
                stay: index,
                from: place(stay.from),
                until: place(stay.until),
            })
            .collect();

        let stretches = Stretch::all(&spans, &capacity.least_between(&points));
        let binding = binding(&stretches);
        // The number of binding stretches before each point is the point's new place.
        for span in &mut spans {
            span.from = binding.partition_point(|&stretch| stretch < span.from);
            span.until = binding.partition_point(|&stretch| stretch < span.until);
        }
        let unconstrained = spans
            .iter()
            .filter(|span| span.from == span.until)
            .map(|span| span.stay)
            .collect();
        spans.retain(|span| span.from < span.until);
        spans.sort_unstable_by_key(|span| (span.from, span.until, span.stay));
        let room = binding
            .iter()
            .map(|&stretch| stretches[stretch].room)
            .collect();
        Self {
            room,
            spans,
            unconstrained,
        }
    }

    /// Stays over no stretch that is short of room.
    pub(super) fn unconstrained(&self) -> &[usize] {
        &self.unconstrained
    }

    /// The independent parts of the problem, in order of time.
    pub(super) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        let mut rest = &self.spans[..];
        std::iter::from_fn(move || {
            let first = rest.first()?.from;
            let (mut end, mut count) = (first + 1, 0);
            while let Some(span) = rest.get(count).filter(|span| span.from < end) {
                end = end.max(span.until);
                count += 1;
            }
            let (spans, later) = rest.split_at(count);
            rest = later;
            let shift = |&Span { stay, from, until }: &Span| Span {
                stay,
                from: from - first,
                until: until - first,
            };
            Some(Part {
                room: &self.room[first..end],
                spans: spans.iter().map(shift).collect(),
            })
        })
    }
}

/// The stays that lose something and need a place for it.
fn worth_a_place(stays: &[Stay]) -> impl Iterator<Item = (usize, &Stay)> {
    stays
        .iter()
        .enumerate()
        .filter(|(_, stay)| stay.weight > 0 && stay.from < stay.until)
}

/// The turns between two neighbouring endpoints of stays.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// Stays over it.
    stays: usize,
    /// How many of them may be kept: capacity, but no more than there are stays.
    room: usize,
    /// Whether a stay begins, or one ends, between the stretch before and this one.
    begins: bool,
    ends: bool,
}

impl Stretch {
    fn all(spans: &[Span], capacity: &[u64]) -> Vec<Self> {
        let mut begin = vec![0; capacity.len() + 1];
        let mut end = vec![0; capacity.len() + 1];
        for span in spans {
            begin[span.from] += 1;
            end[span.until] += 1;
        }
        let mut stays: usize = 0;
        let stretch = |((&capacity, &begin), &end): ((&u64, &usize), &usize)| {
            stays = stays + begin - end;
            let room = usize::try_from(capacity).unwrap_or(usize::MAX).min(stays);
            Self {
                stays,
                room,
                begins: begin > 0,
                ends: end > 0,
            }
        };
        capacity.iter().zip(&begin).zip(&end).map(stretch).collect()
    }
}

/// The stretches that are short of room, without those implied by a neighbour.
///
/// If no stay ends between two of them, the stays over the first are all over the second, and with
/// no more room there the first is implied; likewise the other way round.
fn binding(stretches: &[Stretch]) -> Vec<usize> {
    // Each entry with what happened between the entry before and itself.
    let mut kept: Vec<(usize, bool, bool)> = Vec::new();
    let (mut begins, mut ends) = (false, false);
    for (index, stretch) in stretches.iter().enumerate() {
        begins |= stretch.begins;
        ends |= stretch.ends;
        if stretch.stays <= stretch.room {
            continue;
        }
        while let Some(&(last, begins_before, ends_before)) = kept.last() {
            if ends || stretches[last].room < stretch.room {
                break;
            }
            kept.pop();
            begins |= begins_before;
            ends |= ends_before;
        }
        let implied = kept
            .last()
            .is_some_and(|&(last, ..)| !begins && stretches[last].room <= stretch.room);
        if !implied {
            kept.push((index, begins, ends));
            (begins, ends) = (false, false);
        }
    }
    kept.into_iter().map(|(index, ..)| index).collect()
}
