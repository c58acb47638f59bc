//! The virtual clock: workers, what they train, and what comes next.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use crate::curves::Curve;

/// What a worker trains.
#[derive(Debug)]
pub(super) struct Job<'a> {
    /// Number of the trial.
    pub(super) trial: usize,
    /// Its id.
    pub(super) id: String,
    pub(super) curve: Curve<'a>,
    /// Resource at which it will be paused or stopped.
    milestone: u64,
    /// Resource reported last, or from which the trial goes on.
    reached: u64,
    /// Place of the first point beyond `reached`.
    next: usize,
    /// When the worker began, and how many seconds of the curve were over then.
    began: f64,
    offset: f64,
}

/// A report of a running trial.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) resource: u64,
    pub(super) metric: f64,
    /// Resource trained since the report before.
    pub(super) trained: u64,
    /// Seconds of training from scratch up to here.
    pub(super) elapsed: f64,
    /// When it comes.
    at: f64,
}

impl<'a> Job<'a> {
    /// A trial that goes on from resource `from` (0: from scratch) at the time `began`.
    pub(super) fn new(
        (trial, id): (usize, String),
        curve: Curve<'a>,
        (from, milestone): (u64, u64),
        began: f64,
    ) -> Self {
        Self {
            trial,
            id,
            curve,
            milestone,
            reached: from,
            next: curve
                .points()
                .partition_point(|point| point.resource <= from),
            began,
            offset: seconds_to(&curve, from),
        }
    }

    /// The report that comes next: at the next resource listed, or at the milestone where that
    /// comes before. `None` where the curve has ended.
    pub(super) fn due(&self) -> Option<Due> {
        let point = self.curve.points().get(self.next)?;
        let (resource, metric, elapsed) = if self.milestone < point.resource {
            let known = self.curve.last_point_by(self.milestone);
            let metric = known.map_or(f64::NAN, |point| point.metric);
            (
                self.milestone,
                metric,
                seconds_to(&self.curve, self.milestone),
            )
        } else {
            (point.resource, point.metric, point.elapsed)
        };
        Some(Due {
            resource,
            metric,
            trained: resource - self.reached,
            elapsed,
            at: self.began + (elapsed - self.offset).max(0.0),
        })
    }

    /// Moves on to a resource that was reported.
    pub(super) fn advance(&mut self, resource: u64) {
        let points = self.curve.points();
        self.next += usize::from(points[self.next].resource == resource);
        self.reached = resource;
    }

    /// Whether the curve tells no more.
    pub(super) fn has_ended(&self) -> bool {
        self.next == self.curve.points().len()
    }
}

/// Seconds of training from scratch to a resource, at most to the end of the curve.
pub(super) fn seconds_to(curve: &Curve<'_>, resource: u64) -> f64 {
    let points = curve.points();
    match resource {
        0 => 0.0, // exactly, whatever rounding does
        _ => curve
            .elapsed_at(resource)
            .unwrap_or(points[points.len() - 1].elapsed),
    }
}

/// Workers under a virtual clock. Of events at the same time that of the lower worker comes first.
#[derive(Debug)]
pub(super) struct Clock<'a> {
    now: f64,
    workers: usize,
    /// Of the workers that had one so far: however many there are, only those take room.
    jobs: Vec<Option<Job<'a>>>,
    /// Those of them that have none now.
    free: BTreeSet<usize>,
    /// When the next report of each busy worker comes: bits of the time, and the worker. Times are
    /// not negative, so their bits are in the same order.
    due: BinaryHeap<Reverse<(u64, usize)>>,
}

impl<'a> Clock<'a> {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            now: 0.0,
            workers,
            jobs: Vec::new(),
            free: BTreeSet::new(),
            due: BinaryHeap::new(),
        }
    }

    /// Seconds of the run.
    pub(super) fn now(&self) -> f64 {
        self.now
    }

    /// When the next report comes, if any worker is busy.
    pub(super) fn next_time(&self) -> Option<f64> {
        self.due
            .peek()
            .map(|&Reverse((bits, _))| f64::from_bits(bits))
    }

    /// Sets the clock; it does not go back.
    pub(super) fn advance_to(&mut self, time: f64) {
        self.now = self.now.max(time);
    }

    /// Takes the job of a worker whose report is due now, with the report.
    pub(super) fn take_due(&mut self) -> Option<(usize, Job<'a>, Due)> {
        let &Reverse((bits, worker)) = self.due.peek()?;
        if f64::from_bits(bits) > self.now {
            return None;
        }
        self.due.pop();
        let job = self.jobs[worker].take()?;
        let due = job.due()?;
        Some((worker, job, due))
    }

    /// The lowest worker that is free.
    pub(super) fn free_worker(&self) -> Option<usize> {
        let used = self.jobs.len();
        let unused = (used < self.workers).then_some(used);
        self.free.first().copied().or(unused)
    }

    /// Has a worker train what has not ended.
    pub(super) fn occupy(&mut self, worker: usize, job: Job<'a>) {
        let due = job.due().expect("what has ended is complete");
        self.free.remove(&worker);
        self.due.push(Reverse((due.at.to_bits(), worker)));
        if worker == self.jobs.len() {
            self.jobs.push(None);
        }
        self.jobs[worker] = Some(job);
    }

    /// Frees a worker.
    pub(super) fn release(&mut self, worker: usize) {
        self.free.insert(worker);
    }
}
