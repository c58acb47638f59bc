//! The page from made-up runs.

use rungkeeper_tuner_hooks::log::Event;
use rungkeeper_tuner_hooks::{Budget, Decision, RemovalReason};

use super::ladder::levels;
use super::sample::{Log, folder, run};
use super::{Clock, View, page};

pub(super) fn page_of(log: &Log) -> String {
    page(&log.history(), &folder().1)
}

pub(super) fn header_of(page: &str) -> &str {
    page.split("</header>").next().unwrap()
}

/// The value beside a name in the card with the numbers.
pub(super) fn fact<'p>(page: &'p str, name: &str) -> &'p str {
    let name = format!("<th scope=\"row\">{name}</th><td>");
    let (_, rest) = page.split_once(&name).unwrap();
    rest.split("</td>").next().unwrap()
}

#[test]
fn the_page_answers_first() {
    let page = page_of(&run());
    let header = header_of(&page);
    for expected in [
        "Results of the run “sample &amp; more”",
        "The run <strong>finished</strong> after ",
        "3\u{a0}trials",
        "<strong>trial a</strong> with a metric of <strong>0.1</strong>; its checkpoint is kept.",
        "The budget of 2\u{a0}checkpoints was <strong>kept</strong> at the end of each turn; within a turn up to 3\u{a0}checkpoints were held.",
        "2\u{a0}checkpoints were removed; <strong>1 needed again</strong>",
        "1\u{a0}resource unit had to be trained again, <strong>7.7\u{a0}% of the training</strong>.",
    ] {
        assert!(header.contains(expected), "{expected}: {header}");
    }
}

#[test]
fn numbers_are_those_of_the_log() {
    let log = run();
    let history = log.history();
    assert_eq!(history.trained(), 9 + 3 + 1);
    let results = history.extra_results();
    assert_eq!(
        (
            results.num_checkpoints_removed,
            results.num_trials_resumed,
            results.cost_resources
        ),
        (2, 3, 1)
    );
    let page = page_of(&log);
    assert_eq!(fact(&page, "Trials started"), "3");
    assert_eq!(fact(&page, "paused with a checkpoint"), "1");
    assert_eq!(fact(&page, "paused without"), "1");
    assert_eq!(fact(&page, "Promotions"), "3");
    assert_eq!(fact(&page, "Checkpoints removed"), "2");
    assert_eq!(fact(&page, "needed again"), "1");
    assert_eq!(fact(&page, "as the policy expected"), "0.5");
    assert_eq!(fact(&page, "Bytes at the end"), "12\u{a0}kB");
}

#[test]
fn removals_are_listed_once_with_their_regrets() {
    for announced in [true, false] {
        let mut log = Log::new(Some(1));
        for trial in ["a", "b"] {
            log.start(trial);
            log.pause(trial, 1, 0.5);
        }
        log.give_up(&[("a", 1)], announced);
        log.resume("a");
        log.give_up(&[("b", 1)], announced);
        let history = log.history();
        let all = history.given_up.all();
        let trials: Vec<&str> = all.iter().map(|g| g.removal.trial.as_str()).collect();
        assert_eq!(trials, ["a", "b"]);
        let costs: Vec<Option<u64>> = all.iter().map(|g| Some(g.regret?.cost)).collect();
        assert_eq!(costs, [Some(1), None]);
        assert_eq!(all[0].removal.bytes, 1000, "known though unannounced");
        let page = page_of(&log);
        let removals = page.split_once("id=\"removals\"").unwrap().1;
        let removals = removals.split_once("</section>").unwrap().0;
        assert_eq!(removals.matches("<th scope=\"row\">").count(), 2);
    }
}

/// A checkpoint that was never completed is no decision of anybody.
#[test]
fn lost_checkpoints_are_not_given_up() {
    let mut log = Log::new(Some(5));
    log.start("a");
    log.report("a", 1, 0.5, Decision::Pause);
    log.remove("a", 1, RemovalReason::Lost);
    log.resume("a");
    let history = log.history();
    assert_eq!(history.given_up.regretted(), 0);
    assert_eq!(history.extra_results().cost_resources, 1);
    let page = page_of(&log);
    assert!(header_of(&page).contains("No checkpoint was removed. 1\u{a0}resource unit had"));
    assert_eq!(fact(&page, "Lost: never complete, or broken"), "1");
    assert!(page.contains("<td>lost</td>"));
}

#[test]
fn an_exceeded_budget_is_said() {
    let mut log = Log::new(Some(1));
    for trial in ["a", "b", "c"] {
        log.start(trial);
        log.pause(trial, 1, 0.5);
    }
    log.give_up(&[("a", 1)], true);
    let history = log.history();
    assert_eq!(history.holdings.exceeded, Some(11.0));
    assert!(header_of(&page_of(&log)).contains("<strong>exceeded</strong>, first at 11"));
    // Two in training, nothing to remove, and time goes on.
    let mut log = Log::new(Some(1));
    for trial in ["a", "b", "c"] {
        log.start(trial);
    }
    assert_eq!(log.history().holdings.exceeded, Some(3.0));
}

#[test]
fn a_budget_that_was_never_reached() {
    let mut log = Log::new(Some(7));
    log.start("a");
    let page = page_of(&log);
    let kept = "The budget of 7\u{a0}checkpoints was <strong>kept</strong>: never more than 1\u{a0}checkpoint was held.";
    assert!(header_of(&page).contains(kept));
    assert!(!page.contains("within turns"));
}

#[test]
fn a_budget_that_changes() {
    let mut log = Log::new(None);
    for trial in ["a", "b"] {
        log.start(trial);
        log.pause(trial, 1, 0.5);
    }
    log.event(|elapsed| Event::Budget {
        budget: Budget {
            max_checkpoints: Some(1),
            max_bytes: Some(5000),
        },
        elapsed,
    });
    log.give_up(&[("b", 1)], true);
    let history = log.history();
    assert_eq!(history.holdings.budgets.len(), 2);
    assert_eq!(history.holdings.exceeded, None);
    let page = page_of(&log);
    assert!(
        header_of(&page).contains("The budget, 1\u{a0}checkpoint and 5\u{a0}kB since 7"),
        "{}",
        header_of(&page)
    );
}

#[test]
fn each_trial_is_somewhere_on_the_ladder() {
    let history = run().history();
    let folder = folder().1;
    let view = View {
        history: &history,
        folder: &folder,
        clock: Clock::of(1.0),
    };
    let levels = levels(&view);
    let row = |at: usize| {
        let row = &levels[at];
        let counts = (row.reached, row.promoted, row.running);
        (
            row.resource,
            counts,
            (row.with_checkpoint, row.without, row.ended),
        )
    };
    assert_eq!(row(0), (1, (3, 2, 0), (0, 1, 0)));
    assert_eq!(row(1), (3, (2, 1, 0), (1, 0, 0)));
    assert_eq!(row(2), (9, (1, 0, 0), (0, 0, 1)));
}

/// Each policy has its own way to a chance and to an expected cost, or none.
#[test]
fn the_page_says_where_chances_come_from() {
    let sections = |policy: &str| {
        let mut log = run();
        log.header.policy = policy.to_owned();
        let page = page_of(&log);
        let chances = page.split_once("id=\"estimates\"").unwrap().1;
        let (chances, reading) = chances.split_once("</section>").unwrap();
        let cost = reading.split_once("<dt>Expected cost</dt>").unwrap().1;
        let cost = cost.split("</dd>").next().unwrap();
        (chances.to_owned(), cost.to_owned())
    };
    let (chances, cost) = sections("speculative");
    assert!(chances.contains("The policy learns it") && chances.contains("Estimates at the end"));
    assert!(cost.contains("estimated p of its rung"), "{cost}");
    let (chances, cost) = sections("rank_aware");
    assert!(chances.contains("k of n + 1") && !chances.contains("<table"));
    assert!(cost.contains("the trial's rank"), "{cost}");
    let (chances, cost) = sections("by_level");
    assert!(chances.contains("estimates nothing") && !chances.contains("<table"));
    assert!(cost.contains("does not ask"), "{cost}");
}

#[test]
fn names_from_outside_are_escaped() {
    let page = page_of(&run());
    assert!(page.contains("c&lt;i&gt;") && !page.contains("<i>"));
    assert!(page.contains("rate &lt;b&gt; = 0.125") && !page.contains("<b>"));
}

#[test]
fn every_id_is_unique_and_there_is_no_script() {
    let page = page_of(&run());
    let ids = page.split(" id=\"").skip(1);
    let mut ids: Vec<&str> = ids.map(|rest| rest.split('"').next().unwrap()).collect();
    let found = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), found);
    for door in ["<script", "http:", "https:", "src=", "@import"] {
        assert!(!page.contains(door), "{door}");
    }
}

#[test]
fn the_same_log_makes_the_same_page() {
    let (_files, folder) = folder();
    let page = || super::page(&run().history(), &folder);
    assert_eq!(page(), page());
}

#[test]
fn many_removals_are_folded() {
    let mut log = Log::new(Some(1));
    log.start("keep");
    log.pause("keep", 1, 0.1);
    for number in 0..1000 {
        let trial = number.to_string();
        log.start(&trial);
        log.pause(&trial, 1, 0.5);
        log.give_up(&[(&trial, 1)], true);
    }
    let page = page_of(&log);
    assert!(page.contains("All 1000\u{a0}removals"));
    assert!(page.contains("Show the other 980"));
    assert!(page.len() < 600_000, "{} bytes", page.len());
}

#[test]
fn there_may_be_nothing_to_show() {
    let mut log = Log::new(None);
    let page = page_of(&log);
    assert!(page.contains("No trial has reported yet."));
    assert!(page.contains("There was no budget"));
    assert!(page.contains("is <strong>not finished</strong>"));
    assert!(page.contains("None was removed."));
    assert!(!page.contains("NaN"));
    log.start("a");
    log.report("a", 1, f64::NAN, Decision::Pause);
    log.commit("a", 1);
    let page = page_of(&log);
    assert!(
        header_of(&page).contains("<strong>trial a</strong> with a metric of <strong>bad</strong>"),
        "{}",
        header_of(&page)
    );
    log.header.policy = "random".to_owned();
    assert!(page_of(&log).contains("The policy of this run estimates nothing"));
}

/// A trial that ends without a number is not the best.
#[test]
fn bad_metrics_are_never_the_best() {
    let mut log = Log::new(None);
    log.start("a");
    log.report("a", 9, f64::NAN, Decision::Stop);
    assert!(log.history().best().is_none());
    log.start("b");
    log.report("b", 9, 0.5, Decision::Stop);
    let history = log.history();
    assert_eq!(
        history.best().map(|(trial, metric)| (&*trial.id, metric)),
        Some(("b", 0.5))
    );
}
