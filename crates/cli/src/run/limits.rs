//! What ends a run, on the command line.

use rungkeeper_tuner_hooks::Limits;

/// What is given replaces that limit; the others stay as they are.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct LimitArguments {
    /// Trials to start in all, those of before included.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    trials: Option<u64>,
    /// Time of the run in all, as "2 h"; interruptions do not count.
    #[arg(long, value_name = "TIME", value_parser = seconds)]
    wall_clock: Option<f64>,
    /// Reports in all.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    reports: Option<u64>,
    /// Resource units in all, over all trials.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    total_resource: Option<u64>,
}

impl LimitArguments {
    /// Whether anything was given.
    pub(super) fn is_given(&self) -> bool {
        self.trials.is_some()
            || self.wall_clock.is_some()
            || self.reports.is_some()
            || self.total_resource.is_some()
    }

    /// The limits with what was given.
    pub(super) fn change(&self, limits: Limits) -> Limits {
        Limits {
            seconds: self.wall_clock.or(limits.seconds),
            trials: self.trials.or(limits.trials),
            reports: self.reports.or(limits.reports),
            resource: self.total_resource.or(limits.resource),
        }
    }
}

/// A time, as text such as "10 min" or in seconds.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let time = match text.trim().parse::<f64>() {
        Ok(seconds) => Some(seconds),
        Err(_) => humantime::parse_duration(text)
            .ok()
            .map(|time| time.as_secs_f64()),
    };
    time.filter(|seconds| *seconds > 0.0 && seconds.is_finite())
        .ok_or_else(|| {
            "it is a time such as \"10 min\" or \"2 h\", or a number of seconds".to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_in_the_experiment_file() {
        assert_eq!(seconds("10 min"), Ok(600.0));
        assert_eq!(seconds("90"), Ok(90.0));
        for text in ["0", "-1", "NaN", "soon", "inf"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_given_stays() {
        let arguments = LimitArguments {
            trials: Some(20),
            wall_clock: None,
            reports: None,
            total_resource: None,
        };
        let limits = Limits {
            seconds: Some(60.0),
            trials: Some(10),
            ..Limits::default()
        };
        let changed = Limits {
            trials: Some(20),
            ..limits
        };
        assert!(arguments.is_given());
        assert_eq!(arguments.change(limits), changed);
    }
}
