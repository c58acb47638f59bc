//! Rungs and their scorers.

use rungkeeper_score::{
    Horizon, PausedPosition, PromotionQuantile, PromotionRule, RankedPosition, Rung, ScoreError,
    ScoreSettings, rank_aware_probability, resume_probability,
};

fn rung(len: u64) -> Result<Rung, ScoreError> {
    let third = PromotionQuantile::from_reduction_factor(3)?;
    Rung::new(len, third, PromotionRule::TopFraction)
}

#[test]
fn scorers_are_the_functions_of_a_position() -> Result<(), ScoreError> {
    let promotion_quantile = PromotionQuantile::from_reduction_factor(3)?;
    let (rung_len, time_ratio, p) = (30, 0.7, 0.3);
    let mut rank_aware = rung(rung_len)?.rank_aware(time_ratio)?;
    let mut bernoulli = rung(rung_len)?.bernoulli(p, time_ratio, Horizon::Hard, Some(25))?;
    for rank in (1..=rung_len).rev() {
        let position = RankedPosition {
            rank,
            num_better: rank / 2,
            rung_len,
            promotion_quantile,
            time_ratio,
        };
        let one = rank_aware_probability(&position, PromotionRule::TopFraction)?;
        let found = rank_aware.probability(rank, rank / 2)?;
        assert_eq!(found, one);
        let position = PausedPosition {
            rank,
            rung_len,
            promotion_quantile,
            p,
            time_ratio,
        };
        let one = resume_probability(&position, &ScoreSettings::default())?;
        assert_eq!(bernoulli.probability(rank)?, one);
    }
    Ok(())
}

#[test]
fn what_is_refused() -> Result<(), ScoreError> {
    assert!(matches!(
        rung(0),
        Err(ScoreError::InvalidRungLen { rung_len: 0 })
    ));
    let rung = rung(9)?;
    for time_ratio in [f64::NAN, -1.0] {
        assert!(matches!(
            rung.rank_aware(time_ratio),
            Err(ScoreError::InvalidTimeRatio { .. })
        ));
        assert!(
            rung.bernoulli(0.3, time_ratio, Horizon::Hard, None)
                .is_err()
        );
    }
    assert!(matches!(
        rung.rank_aware(2e9),
        Err(ScoreError::BeyondRange { .. })
    ));
    for p in [f64::NAN, 0.0, 1.0] {
        assert!(rung.bernoulli(p, 1.0, Horizon::Hard, None).is_err());
    }
    assert!(matches!(
        rung.bernoulli(0.3, 1.0, Horizon::Hard, Some(0)),
        Err(ScoreError::ZeroApproxSteps)
    ));
    let mut scorer = rung.rank_aware(f64::INFINITY)?;
    for (rank, num_better) in [(0, 0), (10, 9), (4, 4)] {
        assert!(scorer.probability(rank, num_better).is_err());
    }
    Ok(())
}
