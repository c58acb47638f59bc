//! The header of a log, and its settings as text.
#![cfg(feature = "serde")]

use rungkeeper_tuner_hooks::log::{Event, Header};
use rungkeeper_tuner_hooks::{
    CheckpointTracking, Limits, ModelSpec, PolicySpec, RemovalCallback, SpeculativeSettings,
};

const HEADER: &str = r#"{"source": "test", "policy": "speculative", "max_num_checkpoints": 2, "mode": "min", "max_resource": 27, "rungs": [{"level": 1, "promotion_quantile": [1, 3]}]}"#;

fn header() -> Header {
    serde_json::from_str(HEADER).unwrap()
}

#[test]
fn settings_that_are_missing_are_the_defaults() {
    let header = header();
    assert_eq!(header.version, 1);
    assert_eq!(header.settings.approx_steps, Some(25));
    assert_eq!(
        (
            header.settings.estimators.prior_beta_mean,
            header.settings.estimators.prior_beta_size
        ),
        (0.33, 2.0)
    );
    assert_eq!(header.settings.estimators.min_data_at_rung, 5);
    let no_cut_off = HEADER.replace("\"mode\"", "\"approx_steps\": null, \"mode\"");
    let header: Header = serde_json::from_str(&no_cut_off).unwrap();
    assert_eq!(header.settings.approx_steps, None);
}

/// What a header does not say is as in logs of Syne Tune 0.13; from what it says a callback is made.
#[test]
fn a_header_makes_a_callback() {
    let read = header();
    assert_eq!(read.checkpoints, CheckpointTracking::Assumed);
    assert!(read.promoted_behind_equals && !read.retraining_is_counted);
    assert!(!read.model_spec().repeated_reports_are_data);
    let of_reference = Header {
        source: "reference run".to_owned(),
        ..read.clone()
    };
    assert!(of_reference.model_spec().repeated_reports_are_data);
    let said = Header {
        repeated_reports_are_data: Some(false),
        ..of_reference
    };
    assert!(!said.model_spec().repeated_reports_are_data);
    let header = Header {
        limits: Limits {
            trials: Some(7),
            ..Limits::default()
        },
        ..read
    };
    let callback = RemovalCallback::of_header(&header).unwrap();
    assert_eq!(
        (callback.budget(), callback.limits()),
        (header.budget, header.limits)
    );
    assert_eq!(callback.policy().name(), "speculative");
    assert_eq!(callback.model().rungs().len(), 1);
    let limits = Limits {
        trials: Some(0),
        ..header.limits
    };
    assert!(RemovalCallback::of_header(&Header { limits, ..header }).is_err());
}

/// A bracket is written where there are several: lines of a run with one are those of earlier releases.
#[test]
fn the_first_bracket_is_not_written() {
    for (bracket, is_written) in [(0, false), (1, true)] {
        let start = Event::Start {
            trial: "0".to_owned(),
            bracket,
            elapsed: 0.5,
        };
        let line = serde_json::to_value(&start).unwrap();
        assert_eq!(line.get("bracket").is_some(), is_written, "{line}");
    }
}

/// A policy with its settings has the names of the header's fields, and comes back from a header. Settings of other policies
/// stay as the header has them.
#[test]
fn policies_are_written_as_the_header_writes_them() {
    let settings = SpeculativeSettings {
        approx_steps: None,
        ..SpeculativeSettings::default()
    };
    let others = [
        PolicySpec::Speculative(settings),
        PolicySpec::Random { policy_seed: 9 },
        PolicySpec::RankAware {
            promotion_rule:
                rungkeeper_tuner_hooks::rungkeeper_policies::PromotionRule::LinearQuantile,
        },
    ];
    for spec in PolicySpec::all().chain(others) {
        let mut header = Header::new("test", &ModelSpec::geometric(1, 3, 27).unwrap(), 27);
        header.settings.estimators.min_data_at_rung = 7;
        header.set_policy(spec);
        assert_eq!(header.policy_spec().unwrap(), spec);
        let written = serde_json::to_value(&header).unwrap();
        let serde_json::Value::Object(fields) = serde_json::to_value(spec).unwrap() else {
            panic!("an object");
        };
        assert_eq!(fields["policy"], spec.name());
        for (name, value) in &fields {
            assert_eq!(written[name], *value, "{name}");
        }
        let kept = !matches!(spec, PolicySpec::Speculative(_));
        assert_eq!(
            header.settings.estimators.min_data_at_rung,
            if kept { 7 } else { 5 }
        );
        let read: PolicySpec = serde_json::from_value(fields.into()).unwrap();
        assert_eq!(read, spec);
        let by_name = format!(r#"{{"policy": "{spec}"}}"#);
        let default: PolicySpec = serde_json::from_str(&by_name).unwrap();
        assert_eq!(default, spec.name().parse().unwrap());
    }
}
