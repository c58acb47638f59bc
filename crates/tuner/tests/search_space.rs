//! Draws of every domain, values that must stay, given configurations, and what is refused.

use rungkeeper_tuner::search_space::{Configuration, Domain, SearchSpace, Value};

fn space(domain: Domain) -> SearchSpace {
    SearchSpace::new([("x".to_owned(), domain)]).unwrap()
}

fn draws(domain: Domain, number: u64) -> impl Iterator<Item = Value> {
    let space = space(domain);
    (0..number).map(move |trial| space.configuration(3, trial).get("x").unwrap().clone())
}

fn floats(domain: Domain, number: u64) -> impl Iterator<Item = f64> {
    draws(domain, number).map(|value| match value {
        Value::Float(value) => value,
        other => panic!("{other} is no float"),
    })
}

fn integers(domain: Domain, number: u64) -> impl Iterator<Item = i64> {
    draws(domain, number).map(|value| match value {
        Value::Integer(value) => value,
        other => panic!("{other} is no whole number"),
    })
}

/// Counts of draws against their probabilities. Each bound is six standard deviations wide: a fair draw
/// fails with probability below 1e-8 a count, and the seed is fixed.
fn check(counts: &[u64], probabilities: &[f64]) {
    let number = counts.iter().sum::<u64>() as f64;
    for (&count, &p) in counts.iter().zip(probabilities) {
        let deviation = (number * p * (1.0 - p)).sqrt();
        assert!(
            (count as f64 - number * p).abs() < 6.0 * deviation,
            "{counts:?}"
        );
    }
}

fn everything() -> SearchSpace {
    let named = |name: &str, domain| (name.to_owned(), domain);
    SearchSpace::new([
        named(
            "uniform",
            Domain::Uniform {
                low: -1.0,
                high: 2.0,
            },
        ),
        named(
            "loguniform",
            Domain::LogUniform {
                low: 1e-5,
                high: 1e-1,
            },
        ),
        named("int", Domain::Int { low: -3, high: 100 }),
        named(
            "logint",
            Domain::LogInt {
                low: 16,
                high: 1024,
            },
        ),
        named(
            "choice",
            Domain::Choice {
                values: vec!["relu".into(), "tanh".into(), 0.5.into(), true.into()],
            },
        ),
        named("constant", Domain::Constant(81.into())),
    ])
    .unwrap()
}

/// A change of any of these changes the runs of a seed: a value-breaking change.
#[test]
fn values_of_a_seed_stay() {
    let shown = |trial| {
        let configuration = everything().configuration(42, trial);
        let values: Vec<String> = configuration.iter().map(|(_, v)| v.to_string()).collect();
        values.join(" ")
    };
    let expected = [
        "-0.7321943874358221 0.0002870141439603927 44 24 0.5 81",
        "1.1756757803410172 0.0009000259408141393 19 42 true 81",
        "-0.4154168935046556 3.642418433355466e-5 29 78 true 81",
        "-0.5403350825993063 0.013317143561550834 38 88 tanh 81",
    ];
    assert_eq!([0, 1, 2, 1_000_000].map(shown), expected);
}

#[test]
fn configurations_depend_on_seed_and_number_alone() {
    let space = everything();
    let forwards: Vec<_> = (0..50).map(|trial| space.configuration(1, trial)).collect();
    let mut backwards: Vec<_> = (0..50).rev().map(|t| space.configuration(1, t)).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert_ne!(space.configuration(1, 0), space.configuration(2, 0));
    assert_ne!(space.configuration(1, 0), space.configuration(1, 1));
}

/// Each parameter takes one random number, so another domain before it changes nothing.
#[test]
fn a_change_of_one_domain_leaves_the_others() {
    let pair = |first| {
        let second = Domain::Uniform {
            low: 0.0,
            high: 1.0,
        };
        let space = SearchSpace::new([("a".to_owned(), first), ("b".to_owned(), second)]).unwrap();
        space.configuration(5, 6).get("b").cloned()
    };
    let expected = pair(Domain::Constant(1.into()));
    assert_eq!(pair(Domain::Int { low: 0, high: 9 }), expected);
    assert_eq!(
        pair(Domain::LogUniform {
            low: 1.0,
            high: 9.0
        }),
        expected
    );
    let values = vec![1.into(), 2.into()];
    assert_eq!(pair(Domain::Choice { values }), expected);
    assert_eq!(pair(Domain::Normal { mean: 0.0, sd: 1.0 }), expected);
    assert_eq!(pair(Domain::Flag { argument: None }), expected);
    let (low, high, step) = (0, 9, 3);
    assert_eq!(pair(Domain::IntSteps { low, high, step }), expected);
}

#[test]
fn uniform_fills_its_range_evenly() {
    let mut counts = [0; 10];
    for value in floats(
        Domain::Uniform {
            low: 2.0,
            high: 4.0,
        },
        10_000,
    ) {
        assert!((2.0..=4.0).contains(&value));
        counts[(((value - 2.0) * 5.0) as usize).min(9)] += 1;
    }
    check(&counts, &[0.1; 10]);
}

#[test]
fn loguniform_has_as_many_in_each_decade() {
    let mut counts = [0; 4];
    for value in floats(
        Domain::LogUniform {
            low: 1e-5,
            high: 1e-1,
        },
        10_000,
    ) {
        assert!((1e-5..=1e-1).contains(&value));
        let bounds = [1e-4, 1e-3, 1e-2];
        counts[bounds.iter().filter(|&&bound| value > bound).count()] += 1;
    }
    check(&counts, &[0.25; 4]);
}

#[test]
fn int_takes_each_value_alike() {
    let mut counts = [0; 7];
    for value in integers(Domain::Int { low: -3, high: 3 }, 10_000) {
        counts[(value + 3) as usize] += 1;
    }
    check(&counts, &[1.0 / 7.0; 7]);
}

#[test]
fn logint_takes_k_with_probability_about_one_in_k() {
    let mut counts = [0; 8];
    for value in integers(Domain::LogInt { low: 1, high: 8 }, 10_000) {
        counts[(value - 1) as usize] += 1;
    }
    let probability = |k: u32| {
        let k = f64::from(k);
        ((k + 0.5) / (k - 0.5)).ln() / 17f64.ln()
    };
    let expected: Vec<f64> = (1..=8).map(probability).collect();
    check(&counts, &expected);
}

#[test]
fn each_step_is_taken_alike() {
    let (low, high, step) = (0.1, 0.8, 0.2);
    let mut counts = [0; 4];
    for value in floats(Domain::UniformSteps { low, high, step }, 10_000) {
        let place = [0.1, 0.3, 0.5, 0.7].iter().position(|own| *own == value);
        counts[place.unwrap()] += 1;
    }
    check(&counts, &[0.25; 4]);
    let (low, high, step) = (16, 70, 16);
    let mut counts = [0; 4];
    for value in integers(Domain::IntSteps { low, high, step }, 10_000) {
        assert_eq!(value % 16, 0);
        counts[(value / 16 - 1) as usize] += 1;
    }
    check(&counts, &[0.25; 4]);
    let mut counts = [0; 2];
    for value in draws(Domain::Flag { argument: None }, 10_000) {
        counts[usize::from(value == Value::Bool(true))] += 1;
    }
    check(&counts, &[0.5; 2]);
}

/// Shares below, within and above one and two standard deviations, and the mean of a cosine, which the
/// shape of the density decides.
#[test]
fn normal_is_normal() {
    let (mean, sd) = (3.0, 0.5);
    let shares = [
        0.022_750, 0.135_905, 0.341_345, 0.341_345, 0.135_905, 0.022_750,
    ];
    let count = |values: &mut dyn Iterator<Item = f64>| {
        let mut counts = [0; 6];
        for value in values {
            let deviations = (value - mean) / sd;
            let bounds = [-2.0, -1.0, 0.0, 1.0, 2.0];
            counts[bounds.iter().filter(|&&bound| deviations > bound).count()] += 1;
        }
        counts
    };
    let mut normal = floats(Domain::Normal { mean, sd }, 10_000);
    check(&count(&mut normal), &shares);
    let mut logarithms = floats(Domain::LogNormal { mean, sd }, 10_000).map(f64::ln);
    check(&count(&mut logarithms), &shares);
    let cosine = floats(Domain::Normal { mean: 0.0, sd: 1.0 }, 10_000);
    let cosine = cosine.map(f64::cos).sum::<f64>() / 10_000.0;
    // exp(-1/2); the standard deviation of the mean is 0.0045.
    assert!((cosine - 0.606_53).abs() < 0.027, "{cosine}");
}

#[test]
fn choice_takes_each_value_alike() {
    let values: Vec<Value> = vec!["a".into(), 2.into(), 3.5.into()];
    let mut counts = [0; 3];
    let domain = Domain::Choice {
        values: values.clone(),
    };
    for value in draws(domain, 10_000) {
        counts[values.iter().position(|own| *own == value).unwrap()] += 1;
    }
    check(&counts, &[1.0 / 3.0; 3]);
}

#[test]
fn extreme_bounds() {
    let widest = Domain::Uniform {
        low: f64::MIN,
        high: f64::MAX,
    };
    assert!(floats(widest, 1000).all(f64::is_finite));
    let (low, high) = (f64::MIN_POSITIVE, f64::MAX);
    assert!(floats(Domain::LogUniform { low, high }, 1000).all(|v| (low..=high).contains(&v)));
    let all = Domain::Int {
        low: i64::MIN,
        high: i64::MAX,
    };
    let negative = integers(all, 1000).filter(|&value| value < 0).count();
    assert!((400..600).contains(&negative));
    let (low, high) = (1, i64::MAX);
    assert!(integers(Domain::LogInt { low, high }, 1000).all(|value| value >= 1));
    for (low, high) in [(0.1, 0.1), (7e-300, 7e-300)] {
        assert!(floats(Domain::Uniform { low, high }, 1000).all(|value| value == low));
        assert!(floats(Domain::LogUniform { low, high }, 1000).all(|value| value == low));
    }
    assert!(integers(Domain::LogInt { low: 5, high: 5 }, 9).all(|value| value == 5));
}

#[test]
fn given_configurations_come_first() {
    let free = everything();
    let given: Configuration = [
        ("loguniform", Value::Float(0.01)),
        ("uniform", Value::Integer(1)),
        ("choice", "tanh".into()),
    ]
    .into_iter()
    .collect();
    let space = free.clone().with_given(vec![given]).unwrap();
    let first = space.configuration(42, 0);
    assert_eq!(first.get("loguniform"), Some(&Value::Float(0.01)));
    assert_eq!(first.get("uniform"), Some(&Value::Float(1.0)));
    assert_eq!(first.get("choice"), Some(&Value::from("tanh")));
    // What is not given is drawn, in the order of the space.
    let drawn = free.configuration(42, 0);
    assert_eq!(first.get("int"), drawn.get("int"));
    assert!(
        first
            .iter()
            .map(|pair| pair.0)
            .eq(drawn.iter().map(|pair| pair.0))
    );
    assert_eq!(space.configuration(42, 1), free.configuration(42, 1));
}

#[test]
fn given_configurations_must_fit() {
    let refuse = |name: &str, value: Value| {
        let fits: Configuration = [("int", Value::Integer(5))].into_iter().collect();
        let given: Configuration = [(name, value)].into_iter().collect();
        let refused = everything().with_given(vec![fits, given]).unwrap_err();
        refused.to_string()
    };
    assert_eq!(
        refuse("lr", 0.1.into()),
        "given configuration 1: there is no parameter \"lr\"; there are: \
         uniform, loguniform, int, logint, choice, constant"
    );
    assert_eq!(
        refuse("int", 101.into()),
        "given configuration 1: int is 101, but must be a whole number from -3 to 100"
    );
    assert_eq!(
        refuse("loguniform", f64::NAN.into()),
        "given configuration 1: loguniform is NaN, but must be a number from 1e-5 to 0.1"
    );
    assert_eq!(
        refuse("choice", "selu".into()),
        "given configuration 1: choice is selu, but must be one of: relu, tanh, 0.5, true"
    );
    assert_eq!(
        refuse("constant", 80.into()),
        "given configuration 1: constant is 80, but must be 81"
    );
}

#[test]
fn what_leaves_nothing_to_draw_is_refused() {
    let refuse = |domain| {
        let refused = SearchSpace::new([("lr".to_owned(), domain)]).unwrap_err();
        refused.to_string()
    };
    let cases = [
        (
            Domain::Uniform {
                low: 1.0,
                high: 0.1,
            },
            "parameter \"lr\": low is 1.0, but must be at most high, which is 0.1",
        ),
        (
            Domain::Uniform {
                low: f64::NAN,
                high: 0.1,
            },
            "parameter \"lr\": low is NaN, but must be a finite number",
        ),
        (
            Domain::LogUniform {
                low: 1.0,
                high: f64::INFINITY,
            },
            "parameter \"lr\": high is inf, but must be a finite number",
        ),
        (
            Domain::LogUniform {
                low: 0.0,
                high: 1.0,
            },
            "parameter \"lr\": low is 0.0, but must be above 0 on a logarithmic scale",
        ),
        (
            Domain::Int { low: 2, high: 1 },
            "parameter \"lr\": low is 2, but must be at most high, which is 1",
        ),
        (
            Domain::LogInt { low: 0, high: 1 },
            "parameter \"lr\": low is 0, but must be above 0 on a logarithmic scale",
        ),
        (
            Domain::UniformSteps {
                low: 0.0,
                high: 1.0,
                step: 0.0,
            },
            "parameter \"lr\": step is 0.0, but must be above 0",
        ),
        (
            Domain::UniformSteps {
                low: 0.0,
                high: 1.0,
                step: 1e-20,
            },
            "parameter \"lr\": step is 1e-20, which is too small for its bounds",
        ),
        (
            Domain::IntSteps {
                low: 0,
                high: 1,
                step: -1,
            },
            "parameter \"lr\": step is -1, but must be above 0",
        ),
        (
            Domain::Normal { mean: 0.0, sd: 0.0 },
            "parameter \"lr\": sd is 0.0, but must be above 0; it is the standard deviation",
        ),
        (
            Domain::LogNormal {
                mean: 0.0,
                sd: 200.0,
            },
            "parameter \"lr\": mean 0.0 and sd 200.0 would give infinite values; of a lognormal \
             parameter they are those of the natural logarithm",
        ),
        (
            Domain::Flag {
                argument: Some(String::new()),
            },
            "parameter \"lr\": argument is empty; leave it out for --lr",
        ),
        (
            Domain::Choice { values: Vec::new() },
            "parameter \"lr\": values is empty, but must hold at least one value",
        ),
    ];
    for (domain, message) in cases {
        assert_eq!(refuse(domain), message);
    }
    let twice = ["a", "a"].map(|name| (name.to_owned(), Domain::Constant(1.into())));
    assert!(
        SearchSpace::new(twice)
            .unwrap_err()
            .to_string()
            .contains("\"a\" is there twice")
    );
    let unnamed = [(String::new(), Domain::Constant(1.into()))];
    assert!(SearchSpace::new(unnamed).is_err());
}
