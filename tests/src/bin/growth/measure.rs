//! What is measured.

use std::fmt::Write;
use std::hint::black_box;

use cpu_time::ProcessTime;
use peak_alloc::PeakAlloc;
use rungkeeper_tests::benches::{ORDERS, Run, rung, tree};
use rungkeeper_tuner_hooks::{Cheapest, Speculative};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const ROUNDS: usize = 5;
/// Fewest reports in a round.
const REPORTS: u64 = 40;
const BUDGET: u64 = 50;

fn grown(trials: u64) -> Run {
    Run::grown(trials, BUDGET, Box::new(Cheapest(Speculative::default())))
}

/// A report with the next task and the loop end, in processor time, which is not disturbed by what else runs: the
/// median of rounds that add little to the run.
pub(crate) fn microseconds(trials: u64) -> f64 {
    let mut run = grown(trials);
    let reports = REPORTS.max(trials / 100);
    let mut times = [0.0; ROUNDS];
    for time in &mut times {
        let begin = ProcessTime::now();
        for _ in 0..reports {
            run.turn();
        }
        *time = begin.elapsed().as_secs_f64() * 1e6 / reports as f64;
    }
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}

/// What is freed when the callback goes.
pub(crate) fn bytes(trials: u64) -> usize {
    let run = grown(trials);
    freed(run.callback)
}

/// What rungs and B-trees take for each order and number of arrivals, as a table.
pub(crate) fn bytes_an_entry() -> String {
    let mut table = "| arrivals | order | rung | indexset |\n|---|---|---|---|".to_owned();
    for len in [1_000, 10_000, 100_000, 1_000_000] {
        for order in ORDERS {
            let each = |bytes: usize| bytes as f64 / len as f64;
            let own = each(freed(rung(order, len).0));
            let other = each(freed(tree(order, len)));
            write!(table, "\n| {len} | {order} | {own:.1} | {other:.1} |").expect("text grows");
        }
    }
    table
}

/// Bytes that a value holds on the heap, by what dropping it frees.
fn freed<T>(value: T) -> usize {
    let held = ALLOCATOR.current_usage();
    drop(black_box(value));
    held - ALLOCATOR.current_usage()
}
