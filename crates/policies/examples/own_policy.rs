//! A policy of your own: as `rank_aware`, where the n-th epoch takes n times as long as the first.
#![allow(clippy::print_stdout, reason = "an example shows what it did")]
use rungkeeper_policies::{
    Candidate, Cheapest, ExpectedCost, Need, PolicyError, PromotionQuantile, RankAware,
    RemovalPolicy, RungCost, RungView, conformance,
};

/// The expected cost in time instead of epochs.
#[derive(Default)]
struct SlowerAndSlower {
    in_epochs: RankAware,
}

impl ExpectedCost for SlowerAndSlower {
    fn name(&self) -> &'static str {
        "slower_and_slower"
    }

    fn of_rung<'a>(
        &'a self,
        rung: RungView<'a>,
        time_ratio: f64,
    ) -> Result<Box<dyn RungCost + 'a>, PolicyError> {
        let mut in_epochs = self.in_epochs.of_rung(rung, time_ratio)?;
        // n epochs take 1 + 2 + ... + n = n (n + 1) / 2, and n is counted already.
        let ln_factor = f64::midpoint(rung.level() as f64, 1.0).ln();
        Ok(Box::new(move |candidate: &Candidate<'_>| {
            Ok(in_epochs.ln_cost(candidate, f64::INFINITY)? + ln_factor)
        }))
    }

    fn falls_with_rank(&self) -> bool {
        true // the factor is the same for all trials of a rung
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The laws that every policy keeps; it panics where one is broken.
    conformance::check(&|| Box::new(Cheapest(SlowerAndSlower::default())));

    let waits = |trial_id, rank| Candidate {
        trial_id,
        rank,
        num_better: rank - 1,
        bytes: 0,
        metric: Some(0.5),
    };
    let third = PromotionQuantile::from_reduction_factor(3)?;
    let (high, low) = ([waits("high", 6)], [waits("low", 13)]);
    let rungs = [
        RungView::new(9, 9, third, &high)?,
        RungView::new(1, 30, third, &low)?,
    ];
    let one = Need {
        checkpoints: 1,
        bytes: 0,
    };
    let by_epochs = Cheapest(RankAware::default()).choose(&rungs, one, 1.0)?;
    let by_time = Cheapest(SlowerAndSlower::default()).choose(&rungs, one, 1.0)?;
    println!("by epochs: {}", by_epochs[0].candidate.trial_id);
    println!("by time: {}", by_time[0].candidate.trial_id);
    assert_eq!(by_epochs[0].candidate.trial_id, "high");
    assert_eq!(by_time[0].candidate.trial_id, "low");
    Ok(())
}
