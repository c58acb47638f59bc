//! Search spaces and configurations in files.
#![cfg(feature = "serde")]

use rungkeeper_tuner::search_space::{Configuration, Domain, SearchSpace, Value};

fn refuse(text: &str) -> String {
    toml::from_str::<SearchSpace>(text).unwrap_err().to_string()
}

#[test]
fn every_domain_is_read() {
    let space: SearchSpace = toml::from_str(
        r#"
        lr = { type = "loguniform", low = 1e-5, high = 1e-1 }
        momentum = { type = "uniform", low = 0, high = 1 }
        layers = { type = "int", low = 1, high = 8 }
        width = { type = "logint", low = 16, high = 1024 }
        activation = { type = "choice", values = ["relu", 3, 0.5, false] }
        epochs = 81
        decay = 0.5
        nesterov = true
        optimizer = "sgd"
        "#,
    )
    .unwrap();
    let domains: Vec<_> = space
        .parameters()
        .map(|(name, d)| (name, d.clone()))
        .collect();
    let values = vec!["relu".into(), 3.into(), 0.5.into(), false.into()];
    // Keys of a table come in the order in which its reader gives them.
    let mut expected = vec![
        (
            "lr",
            Domain::LogUniform {
                low: 1e-5,
                high: 1e-1,
            },
        ),
        (
            "momentum",
            Domain::Uniform {
                low: 0.0,
                high: 1.0,
            },
        ),
        ("layers", Domain::Int { low: 1, high: 8 }),
        (
            "width",
            Domain::LogInt {
                low: 16,
                high: 1024,
            },
        ),
        ("activation", Domain::Choice { values }),
        ("epochs", Domain::Constant(Value::Integer(81))),
        ("decay", Domain::Constant(Value::Float(0.5))),
        ("nesterov", Domain::Constant(Value::Bool(true))),
        ("optimizer", Domain::Constant("sgd".into())),
    ];
    expected.sort_by_key(|pair| domains.iter().position(|own| own.0 == pair.0));
    assert_eq!(domains, expected);
}

#[test]
fn errors_name_the_place_and_what_is_allowed() {
    let unknown = refuse("\n\nlr = { type = \"log\", low = 1, high = 2 }");
    assert!(unknown.contains("line 3"), "{unknown}");
    assert!(unknown.contains("`loguniform`"), "{unknown}");
    let key = refuse("lr = { type = \"uniform\", low = 1, high = 2, step = 1 }");
    assert!(key.contains("`step`") && key.contains("`low`"), "{key}");
    let missing = refuse("lr = { type = \"uniform\", low = 1 }");
    assert!(missing.contains("`high`"), "{missing}");
    let order = refuse("\nlr = { type = \"int\", low = 3, high = 2 }");
    assert!(order.contains("line 2"), "{order}");
    assert!(
        order.contains("parameter \"lr\": low is 3, but must be at most high"),
        "{order}"
    );
    let kind = refuse("lr = [1, 2]");
    assert!(kind.contains("a table with type uniform"), "{kind}");
}

#[test]
fn spaces_are_written_as_they_are_read() {
    let text = r#"{
        "lr": { "type": "loguniform", "low": 1e-5, "high": 0.1 },
        "momentum": { "type": "uniform", "low": 0.5, "high": 1.0 },
        "layers": { "type": "int", "low": 1, "high": 8 },
        "width": { "type": "logint", "low": 16, "high": 1024 },
        "act": { "type": "choice", "values": ["relu", 3, 0.5, true] },
        "epochs": 81
    }"#;
    let space: SearchSpace = serde_json::from_str(text).unwrap();
    let written = serde_json::to_string(&space).unwrap();
    assert_eq!(
        serde_json::from_str::<SearchSpace>(&written).unwrap(),
        space
    );
    let given: Configuration = [("layers", Value::Integer(3))].into_iter().collect();
    let space = space.with_given(vec![given.clone()]).unwrap();
    assert_eq!(space.given(), [given]);
}

#[test]
fn configurations_are_maps() {
    let text = r#"{"lr":1e-5,"layers":3,"nesterov":true,"act":"relu","decay":1.0}"#;
    let configuration: Configuration = serde_json::from_str(text).unwrap();
    assert_eq!(configuration.get("lr"), Some(&Value::Float(1e-5)));
    assert_eq!(configuration.get("decay"), Some(&Value::Float(1.0)));
    assert_eq!(configuration.get("layers"), Some(&Value::Integer(3)));
    let written = serde_json::to_string(&configuration).unwrap();
    assert_eq!(
        serde_json::from_str::<Configuration>(&written).unwrap(),
        configuration
    );
}
