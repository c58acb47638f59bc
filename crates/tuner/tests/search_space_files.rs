//! Search spaces and configurations in files.
#![cfg(feature = "serde")]

use rungkeeper_tuner::search_space::{Condition, Configuration, Domain, SearchSpace, Value};

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
        dropout = { type = "uniform", low = 0, high = 0.5, step = 0.1 }
        batch = { type = "int", low = 16, high = 128, step = 16 }
        shift = { type = "normal", mean = 0, sd = 2 }
        scale = { type = "lognormal", mean = 0, sd = 0.5 }
        augment = { type = "flag" }
        amp = { type = "flag", argument = "--mixed-precision" }
        "#,
    )
    .unwrap();
    let domains: Vec<_> = space
        .parameters()
        .map(|(name, parameter)| (name, parameter.domain.clone()))
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
        (
            "dropout",
            Domain::UniformSteps {
                low: 0.0,
                high: 0.5,
                step: 0.1,
            },
        ),
        (
            "batch",
            Domain::IntSteps {
                low: 16,
                high: 128,
                step: 16,
            },
        ),
        ("shift", Domain::Normal { mean: 0.0, sd: 2.0 }),
        ("scale", Domain::LogNormal { mean: 0.0, sd: 0.5 }),
        ("augment", Domain::Flag { argument: None }),
        (
            "amp",
            Domain::Flag {
                argument: Some("--mixed-precision".to_owned()),
            },
        ),
    ];
    expected.sort_by_key(|pair| domains.iter().position(|own| own.0 == pair.0));
    assert_eq!(domains, expected);
}

#[test]
fn errors_name_the_place_and_what_is_allowed() {
    let unknown = refuse("\n\nlr = { type = \"log\", low = 1, high = 2 }");
    assert!(unknown.contains("line 3"), "{unknown}");
    assert!(unknown.contains("`loguniform`"), "{unknown}");
    let key = refuse("lr = { type = \"loguniform\", low = 1, high = 2, step = 1 }");
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
        "slope": { "type": "uniform", "low": 0.0, "high": 1.0, "step": 0.25, "when": { "act": "relu" } },
        "fast": { "type": "flag", "argument": "-f", "when": { "act": [3, 0.5], "layers": 2 } },
        "shift": { "type": "normal", "mean": 0.0, "sd": 1.0 },
        "scale": { "type": "lognormal", "mean": 0.0, "sd": 1.0 },
        "batch": { "type": "int", "low": 16, "high": 64, "step": 16 },
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
fn conditions_are_read() {
    let space: SearchSpace = toml::from_str(
        r#"
        optimizer = { type = "choice", values = ["sgd", "rmsprop", "adam"] }
        momentum = { type = "uniform", low = 0, high = 1, when = { optimizer = ["sgd", "rmsprop"] } }
        nesterov = { type = "flag", when = { optimizer = "sgd" } }
        warm = { type = "int", low = 1, high = 9, when = { nesterov = true, optimizer = "sgd" } }
        "#,
    )
    .unwrap();
    let expected = Condition::new([("optimizer", vec!["sgd".into(), "rmsprop".into()])]);
    assert_eq!(space.parameter("momentum").unwrap().when, expected);
    let mut seen = std::collections::BTreeSet::new();
    for trial in 0..200 {
        let configuration = space.configuration(1, trial);
        let is = |name: &str, value: Value| configuration.get(name) == Some(&value);
        let has = |name: &str| configuration.get(name).is_some();
        assert_eq!(has("momentum"), !is("optimizer", "adam".into()));
        assert_eq!(has("nesterov"), is("optimizer", "sgd".into()));
        assert_eq!(has("warm"), is("nesterov", true.into()));
        seen.insert(configuration.len());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn conditions_that_never_hold_are_refused() {
    let space = |when: &str| {
        format!(
            r#"
            optimizer = {{ type = "choice", values = ["sgd", "adam"] }}
            lr = {{ type = "uniform", low = 0, high = 1 }}
            momentum = {{ type = "uniform", low = 0, high = 1, when = {when} }}
            "#
        )
    };
    for (when, said) in [
        (
            "{ optimiser = \"sgd\" }",
            "parameter \"momentum\": when names \"optimiser\", which is no parameter; did you mean \
             `optimizer`? There are: lr, momentum, optimizer",
        ),
        (
            "{ optimizer = \"sdg\" }",
            "parameter \"momentum\": when \"optimizer\" is sdg, but it must be one of: sgd, adam",
        ),
        (
            "{ lr = 0.5 }",
            "when names \"lr\", which is any number of a range",
        ),
        (
            "{ optimizer = [] }",
            "parameter \"momentum\": when is empty",
        ),
        ("{ }", "when is empty; write it as when = { OTHER = VALUE }"),
        (
            "{ optimizer = { a = 1 } }",
            "is a value, or a list of values",
        ),
        ("\"sgd\"", "a table of other parameters and their values"),
    ] {
        let error = refuse(&space(when));
        assert!(error.contains(said), "{error}");
    }
    let circle = refuse(
        r#"
        a = { type = "flag", when = { c = true } }
        b = { type = "flag", when = { a = true } }
        c = { type = "flag", when = { b = true } }
        d = { type = "flag", when = { c = true } }
        "#,
    );
    assert!(
        circle.contains("goes in a circle: a needs c needs b needs a"),
        "{circle}"
    );
    let own = refuse("a = { type = \"flag\", when = { a = true } }");
    assert!(own.contains("goes in a circle: a needs a"), "{own}");
}

/// A value for a parameter that is not there because of another one that is given is a mistake; where that
/// one is drawn it counts only if it is active.
#[test]
fn given_values_must_be_active() {
    let space: SearchSpace = toml::from_str(
        r#"
        optimizer = { type = "choice", values = ["sgd", "adam"] }
        momentum = { type = "uniform", low = 0, high = 1, when = { optimizer = "sgd" } }
        "#,
    )
    .unwrap();
    let given = |pairs: &[(&str, Value)]| -> Configuration { pairs.iter().cloned().collect() };
    let momentum = ("momentum", Value::Float(0.5));
    let refused = given(&[momentum.clone(), ("optimizer", "adam".into())]);
    assert_eq!(
        space
            .clone()
            .with_given(vec![refused])
            .unwrap_err()
            .to_string(),
        "given configuration 0: momentum is not active where optimizer is adam; leave it out"
    );
    let all = vec![given(&[momentum]); 20];
    let space = space.with_given(all).unwrap();
    for trial in 0..20 {
        let configuration = space.configuration(1, trial);
        let is_sgd = configuration.get("optimizer") == Some(&Value::from("sgd"));
        let expected = is_sgd.then_some(&Value::Float(0.5));
        assert_eq!(configuration.get("momentum"), expected);
    }
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
