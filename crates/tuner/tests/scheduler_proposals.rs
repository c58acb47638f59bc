//! A scheduler whose new trials get their configurations from elsewhere.

use rungkeeper_tuner::scheduler::{PromotionScheduler, PromotionSpec, Scheduler, Task};
use rungkeeper_tuner::search_space::{Configuration, Domain, SearchSpace, Value};

fn of(number: i64) -> Configuration {
    [("n", Value::Integer(number))].into_iter().collect()
}

fn scheduler(high: i64, given: &[i64], trials: Option<u64>) -> PromotionScheduler {
    let space = SearchSpace::new([("n".to_owned(), Domain::Int { low: 1, high })]).unwrap();
    let given = given.iter().map(|&number| of(number)).collect();
    let mut spec = PromotionSpec::geometric(1, 3, 9).unwrap();
    spec.max_trials = trials;
    PromotionScheduler::new(&spec, space.with_given(given).unwrap())
        .unwrap()
        .with_proposals()
}

/// The next task is to propose this trial, and it is begun with a number.
fn propose(scheduler: &mut PromotionScheduler, expected: &str, number: i64) {
    let task = scheduler.next_task().unwrap();
    let asked_again = scheduler.next_task().unwrap();
    assert_eq!(task, asked_again, "nothing has begun");
    let Task::Propose { trial, bracket, .. } = task else {
        panic!("{task:?}");
    };
    assert_eq!(trial, expected);
    scheduler.adopt_start(&trial, bracket, &of(number)).unwrap();
    assert_eq!(scheduler.configuration(trial.parse().unwrap()), of(number));
}

/// Given configurations come before proposals, promotions before both, and the limit of trials holds.
#[test]
fn proposals_come_last() {
    let mut scheduler = scheduler(1_000, &[7], Some(4));
    let Task::Start { configuration, .. } = scheduler.next_task().unwrap() else {
        panic!("the given one is first");
    };
    assert_eq!(configuration, of(7));
    for (trial, number) in [("1", 20), ("2", 30)] {
        propose(&mut scheduler, trial, number);
    }
    for (trial, metric) in [("0", 0.5), ("1", 0.1), ("2", 0.3)] {
        scheduler.on_report(trial, 1, metric).unwrap();
    }
    let task = scheduler.next_task().unwrap();
    assert!(matches!(task, Task::Resume { ref trial, .. } if trial == "1"));
    propose(&mut scheduler, "3", 20); // tried before, as was wanted
    assert_eq!(scheduler.next_task().unwrap(), Task::Wait);
    scheduler.on_report("1", 9, 0.1).unwrap();
    scheduler.on_report("3", 9, 0.1).unwrap();
    assert_eq!(scheduler.next_task().unwrap(), Task::Exhausted);
}

/// A finite space is used up once each of its configurations was tried, however often others came again.
#[test]
fn a_finite_space_is_used_up_by_proposals() {
    let mut scheduler = scheduler(2, &[], None);
    for (trial, number) in [("0", 1), ("1", 1), ("2", 2)] {
        propose(&mut scheduler, trial, number);
    }
    assert!(scheduler.space_is_used_up());
    assert_eq!(scheduler.next_task().unwrap(), Task::Wait);
}
