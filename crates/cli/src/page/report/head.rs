//! The answers in a few sentences.

use maud::{Markup, html};
use rungkeeper_tuner_hooks::{Budget, TrialStatus};

use super::super::numbers;
use super::{View, amount};
use crate::report::history::RoomTaken;

/// How the run ended, what it found, whether its budget was kept, and what that cost.
pub(super) fn in_short(view: &View<'_>) -> Markup {
    html! {
        ul.lede {
            li { (ending(view)) }
            li { (best(view)) }
            li { (kept(view)) }
            @if let Some(taken) = view.history.room_taken() { li { (room(&taken)) } }
            li { (cost(view)) }
        }
    }
}

fn ending(view: &View<'_>) -> Markup {
    let history = view.history;
    let time = view.clock.with_unit(history.elapsed);
    let trials = numbers::of(history.trials.len() as u64, "trial");
    let failed = history.trials.iter().filter(|trial| trial.failed).count();
    let running = history.count(TrialStatus::Running);
    html! {
        @if history.ended {
            "The run " strong { "finished" } " after " (time) " and " (trials)
        } @else {
            @if view.folder.is_worked_on() { "The run " strong { "goes on" } }
            @else { "The run is " strong { "not finished" } }
            ": its log goes up to " (time) " and " (trials)
            @if running > 0 { ", " (running) " of them in training" }
        }
        @if failed > 0 { "; " (failed) " failed" }
        "."
    }
}

fn best(view: &View<'_>) -> Markup {
    let (history, folder) = (view.history, view.folder);
    let ranking = history.ranking();
    let first = ranking
        .first()
        .and_then(|trial| Some((*trial, trial.highest()?.1)));
    html! {
        @if let Some((trial, metric)) = history.best().filter(|best| best.0.finished.is_some()) {
            "The best is " strong { "trial " (trial.id) } " with a " (folder.metric()) " of "
            strong { (numbers::metric(metric)) }
            @if trial.by_itself { ", where it ended by itself" }
            @if !view.holds_checkpoint(&trial.id) { "." }
            @else if view.folder.is_missing(&trial.id) {
                "; its checkpoint " strong { "is not there" } ", though the log holds it: it was removed by hand, or its disk is not mounted."
            }
            @else { "; its checkpoint is kept." }
            @if let Some((other, metric)) = history.better_unfinished() {
                " Trial " (other.id) " has not finished, and had " (numbers::metric(metric)) " at level "
                (other.highest().map_or(0, |highest| highest.0)) "."
            }
        } @else if let Some((trial, metric)) = history.best().or(first) {
            "No trial has ended by itself or reached the max resource of " (history.header.max_resource) ", with a metric. The best so far is "
            strong { "trial " (trial.id) } " with a " (folder.metric()) " of " strong { (numbers::metric(metric)) }
            " at level " (trial.highest().map_or(0, |highest| highest.0)) "."
        } @else {
            "No trial has reported yet."
        }
    }
}

fn kept(view: &View<'_>) -> Markup {
    let holdings = &view.history.holdings;
    let (most, bytes) = (holdings.checkpoints.most(), holdings.bytes.most());
    let changed = holdings.budgets.len() > 1;
    let most_of = |budget: Budget| {
        let number = budget
            .max_checkpoints
            .map(|_| numbers::of(most, "checkpoint"));
        let size = budget.max_bytes.map(|_| numbers::bytes(bytes));
        numbers::list(&number.into_iter().chain(size).collect::<Vec<_>>())
    };
    let budget = holdings.budget();
    html! {
        @if holdings.budgets.iter().all(|at| at.1 == Budget::default()) {
            "There was no budget: " (numbers::of(most, "checkpoint")) @if most == 1 { " was held at most" } @else { " were held at most" }
            @if bytes > 0 { ", with " (numbers::bytes(bytes)) }
            "."
        } @else {
            "The budget"
            @if changed { ", " (numbers::budget(budget)) " since " (view.clock.with_unit(holdings.budgets.last().map_or(0.0, |b| b.0))) "," }
            @else { " of " (numbers::budget(budget)) }
            @if let Some(time) = holdings.exceeded {
                " was " strong { "exceeded" } ", first at " (view.clock.with_unit(time)) ": "
                (most_of(budget)) " were held at most."
            } @else if view.history.room_taken().is_some() {
                " was kept, except for what could not be deleted: up to " (most_of(budget)) " were held beside it."
            } @else if holdings.exceeded_within_turns {
                " was " strong { "kept" } " at the end of each turn; within a turn up to " (most_of(budget)) " were held."
            } @else {
                " was " strong { "kept" } ": never more than " (most_of(budget)) @if budget.max_checkpoints.is_some_and(|_| most == 1) { " was held." } @else { " were held." }
            }
        }
    }
}

/// What could not be deleted.
fn room(taken: &RoomTaken) -> Markup {
    html! {
        strong { (numbers::of(taken.number as u64, "checkpoint")) " could not be deleted" }
        " and " @if taken.number == 1 { "takes" } @else { "take" } " " (numbers::bytes(taken.bytes))
        " of room: " (taken.trials) "."
    }
}

fn cost(view: &View<'_>) -> Markup {
    let history = view.history;
    let results = history.extra_results();
    let regretted = history.given_up.regretted();
    html! {
        @if results.num_checkpoints_removed == 0 {
            "No checkpoint was removed."
        } @else {
            (numbers::of(results.num_checkpoints_removed, "checkpoint"))
            @if results.num_checkpoints_removed == 1 { " was" } @else { " were" }
            " removed; "
            @if regretted == 0 { "none of them was needed again." }
            @else if regretted == 1 { strong { "1 needed again" } ", as its trial was resumed after all." }
            @else { strong { (regretted) " needed again" } ", as their trials were resumed after all." }
        }
        @if results.cost_resources > 0 {
            " " (amount(results.cost_resources)) " had to be trained again, "
            strong { (numbers::percent(history.cost_percent())) " of the training" }
            (history.of_it_with_checkpoint()) "."
        }
    }
}
