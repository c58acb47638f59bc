//! Mistakes in settings, told by the options that somebody typed.

use rungkeeper_rung_model::SpecError;
use rungkeeper_tuner::simulation::SimulationError;
use rungkeeper_tuner_hooks::{LimitError, SetupError};

/// What is wrong with the rung levels or brackets, if it can be told by options.
pub(crate) fn spec(error: &SpecError) -> Option<String> {
    match error {
        SpecError::ReductionFactor(factor) => {
            Some(format!("--eta is {factor}, but must be at least 2"))
        }
        SpecError::Level(level) => Some(format!(
            "a rung level is {level}, but levels start at 1: --grace-period and --levels tell them"
        )),
        SpecError::Order { level, next } => Some(format!(
            "--levels has {next} behind {level}, but each level must be above the one before it"
        )),
        SpecError::MaxResource { last, max_resource } => Some(format!(
            "there is a rung level at {last}, but levels must be below the max resource, {max_resource}: \
             --grace-period or --levels, and --max-resource, tell them"
        )),
        SpecError::Brackets { number, rungs } => Some(format!(
            "--brackets is {number}, but must be 1 to the number of rungs, {rungs}"
        )),
        _ => None,
    }
}

/// What is wrong with a simulation, by its options where they are at fault.
pub(crate) fn simulation(error: SimulationError) -> anyhow::Error {
    let told = match &error {
        SimulationError::Spec(error) | SimulationError::Setup(SetupError::Spec(error)) => {
            spec(error)
        }
        SimulationError::Setup(SetupError::Limit(error)) => Some(limit(*error)),
        SimulationError::BudgetTooSmall { budget, workers } => Some(format!(
            "--budget is {budget}, but --workers is {workers} and each holds a checkpoint: the \
             smallest budget that works is {workers}"
        )),
        SimulationError::MaxResource {
            curves,
            max_resource,
            last,
        } => Some(format!(
            "--max-resource is {max_resource}, but {curves} lists no resource beyond {last}: it must \
             be at most {last}"
        )),
        SimulationError::TooManyTrials { trials, most } => Some(format!(
            "--max-trials is {trials}, but must be at most {most}"
        )),
        SimulationError::NoEnd { most } => Some(format!(
            "a run has started {most} trials and has not reached any limit: lower --max-seconds, \
             --max-reports or --max-total-resource, or give --max-trials"
        )),
        _ => None,
    };
    told.map_or_else(|| error.into(), anyhow::Error::msg)
}

fn limit(LimitError { name, value, .. }: LimitError) -> String {
    let option = match name {
        "resource" => "total-resource",
        name => name,
    };
    format!("--max-{option} is {value}, but must be positive")
}
