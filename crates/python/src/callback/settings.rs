//! The settings of a callback: keyword arguments, and the header of its log.

use pyo3::prelude::*;
use rungkeeper_tuner_hooks::log::Header;
use rungkeeper_tuner_hooks::{Brackets, CheckpointTracking, ModelSpec, RungSpec};

use crate::arguments::{
    bad_type, bad_value, factor, flag, limit_in_seconds, list, named, number, optional, pair,
    positive, quantile, refused, seed, small, text, unsigned,
};
use crate::keywords::Keywords;
use crate::policy::Own;
use crate::score::{horizon, rule};

const RUNGS: &str = "a list of levels, or of pairs (level, (a, b))";

/// What a callback is made of.
pub(super) struct Settings {
    pub(super) header: Header,
    /// The policy, where it is one of a user's own.
    pub(super) own: Option<Own>,
    pub(super) log_notes: bool,
}

/// The settings for explicit rungs.
pub(super) fn of_rungs(keywords: &Keywords<'_>) -> PyResult<Settings> {
    let max_resource = keywords.take("max_resource", None, |name, value| {
        optional(name, value, unsigned)
    })?;
    let (rungs, max_resource) =
        keywords.need("rungs", |name, value| rungs(name, value, max_resource))?;
    let spec = ModelSpec {
        rungs,
        ..ModelSpec::geometric(1, 2, 2).map_err(refused)? // only for what stands below it
    };
    header(keywords, spec, max_resource)
}

/// The settings for geometric rungs.
pub(super) fn geometric(
    keywords: &Keywords<'_>,
    grace_period: &Bound<'_, PyAny>,
    reduction_factor: &Bound<'_, PyAny>,
    max_resource: &Bound<'_, PyAny>,
) -> PyResult<Settings> {
    let max_resource = unsigned("max_resource", max_resource)?;
    let spec = ModelSpec::geometric(
        positive("grace_period", grace_period)?,
        factor("reduction_factor", reduction_factor)?,
        max_resource,
    );
    header(keywords, spec.map_err(refused)?, max_resource)
}

/// The rungs, and the max resource: where it is not given, the level behind the last rung.
fn rungs(
    name: &str,
    value: &Bound<'_, PyAny>,
    max_resource: Option<u64>,
) -> PyResult<(Vec<RungSpec>, u64)> {
    let elements: Vec<Bound<'_, PyAny>> =
        list(name, value, RUNGS, |_, element| Ok(element.clone()))?;
    let is_pair = |element: &Bound<'_, PyAny>| element.len().is_ok();
    if let Some(max_resource) = max_resource
        && !elements.iter().any(is_pair)
    {
        let levels = list(name, value, RUNGS, unsigned)?;
        let spec = ModelSpec::from_levels(&levels, max_resource).map_err(refused)?;
        return Ok((spec.rungs, max_resource));
    }
    let rungs = list(name, value, RUNGS, rung)?;
    let behind = |last: &RungSpec| {
        let (a, b) = (
            last.promotion_quantile.numerator(),
            last.promotion_quantile.denominator(),
        );
        (u128::from(last.level) * u128::from(b)).div_ceil(u128::from(a)) as u64
    };
    let max_resource = max_resource.or_else(|| rungs.last().map(behind));
    Ok((rungs, max_resource.unwrap_or(0)))
}

fn rung(name: &str, value: &Bound<'_, PyAny>) -> PyResult<RungSpec> {
    if value.len().is_err() {
        let allowed = "a pair (level, (a, b)); levels alone need the keyword argument max_resource";
        return Err(bad_type(name, value, allowed));
    }
    let pair = pair(value).ok_or_else(|| bad_value(name, value, "a pair (level, (a, b))"))?;
    Ok(RungSpec {
        level: unsigned(name, &pair.0)?,
        promotion_quantile: quantile(name, &pair.1)?,
    })
}

/// All other settings.
fn header(keywords: &Keywords<'_>, spec: ModelSpec, max_resource: u64) -> PyResult<Settings> {
    let spec = ModelSpec {
        mode: keywords.take("mode", spec.mode, |name, value| {
            named(name, value, "'min' or 'max'")
        })?,
        brackets: Brackets {
            number: keywords.take("brackets", 1, |name, value| {
                positive(name, value).map(|number| number as usize)
            })?,
            own_rungs: keywords.take("own_rungs", false, flag)?,
        },
        checkpoints: keywords.take("checkpoints", CheckpointTracking::Committed, tracking)?,
        repeated_reports_are_data: keywords.take("repeated_reports_are_data", false, flag)?,
        promoted_behind_equals: keywords.take("promoted_behind_equals", false, flag)?,
        retraining_is_counted: keywords.take("retraining_is_counted", true, flag)?,
        ..spec
    };
    let source = keywords.take("source", "python".to_owned(), text)?;
    let mut header = Header::new(&source, &spec, max_resource);
    limits(keywords, &mut header)?;
    let own = policy(keywords, &mut header)?;
    let log_notes = keywords.take("log_notes", true, flag)?;
    Ok(Settings {
        header,
        own,
        log_notes,
    })
}

fn tracking(name: &str, value: &Bound<'_, PyAny>) -> PyResult<CheckpointTracking> {
    match text(name, value)?.as_str() {
        "committed" => Ok(CheckpointTracking::Committed),
        "assumed" => Ok(CheckpointTracking::Assumed),
        _ => Err(bad_value(name, value, "'committed' or 'assumed'")),
    }
}

/// Budgets, and what ends the run.
fn limits(keywords: &Keywords<'_>, header: &mut Header) -> PyResult<()> {
    let count =
        |name: &str| keywords.take(name, None, |name, value| optional(name, value, unsigned));
    let most =
        |name: &str| keywords.take(name, None, |name, value| optional(name, value, positive));
    header.budget.max_checkpoints = count("max_checkpoints")?;
    header.budget.max_bytes = count("max_bytes")?;
    header.limits.trials = most("max_num_trials")?;
    header.limits.reports = most("max_num_reports")?;
    header.limits.resource = most("max_total_resource")?;
    header.limits.seconds = keywords.take("max_wallclock_time", None, |name, value| {
        optional(name, value, limit_in_seconds)
    })?;
    Ok(())
}

/// The policy: its settings, and the policy itself where it is one of a user's own.
fn policy(keywords: &Keywords<'_>, header: &mut Header) -> PyResult<Option<Own>> {
    let own = keywords.take("policy", None, |name, value| {
        if value.is_callable() {
            return Own::new(value).map(Some);
        }
        header.policy =
            text(name, value).map_err(|_| bad_type(name, value, "a str or a callable"))?;
        Ok(None)
    })?;
    header.policy_seed = keywords.take("policy_seed", header.policy_seed, seed)?;
    let settings = &mut header.settings;
    settings.approx_steps =
        keywords.take("approx_steps", settings.approx_steps, |name, value| {
            optional(name, value, small)
        })?;
    settings.promotion_rule = keywords.take("promotion_rule", settings.promotion_rule, rule)?;
    settings.horizon = keywords.take("horizon", settings.horizon, horizon)?;
    let prior = &mut settings.estimators;
    prior.prior_beta_mean = keywords.take("prior_beta_mean", prior.prior_beta_mean, number)?;
    prior.prior_beta_size = keywords.take("prior_beta_size", prior.prior_beta_size, number)?;
    prior.min_data_at_rung = keywords.take("min_data_at_rung", prior.min_data_at_rung, unsigned)?;
    // Wrong settings are refused also where the policy does not look at them.
    let all_matter = Header {
        policy: "speculative".to_owned(),
        ..header.clone()
    };
    let spec = all_matter.policy_spec().map_err(refused)?;
    spec.build().map_err(refused)?;
    if let Some(own) = &own {
        own.name().clone_into(&mut header.policy);
    } else {
        header.policy_spec().map_err(refused)?; // a name that nobody knows
    }
    Ok(own)
}
