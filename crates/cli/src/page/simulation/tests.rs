//! The page from made-up results.

use super::grid::Grid;
use super::sample::{cell, cells};
use super::{Settings, page};

fn settings(frozen: bool) -> Settings {
    let command_line = "rungkeeper simulate 'a<b>.csv' --html page.html".to_owned();
    Settings {
        command_line,
        frozen,
    }
}

#[test]
fn costs_are_shares_of_the_training() {
    let cells = cells();
    let grids = Grid::split(&cells);
    assert_eq!(grids.len(), 1);
    let grid = &grids[0];
    assert_eq!(grid.budgets, [5, 10, 20, 40, 80]);
    assert_eq!(grid.seeds, [0, 1, 2, 3]);
    let [rank_aware, speculative, by_level, random] = &grid.policies[..] else {
        panic!("four policies")
    };
    assert_eq!(rank_aware.name, "rank-aware");
    assert_eq!(by_level.name, "by level");
    let mut inks: Vec<&str> = grid.policies.iter().map(|p| p.ink.light()).collect();
    inks.sort_unstable();
    inks.dedup();
    assert_eq!(inks.len(), 4);
    let cost = grid.cost(speculative, 5).unwrap();
    assert!(
        (cost.mean - 3.375).abs() < 1e-12,
        "the mean of 3 % and 3.75 %"
    );
    assert_eq!(grid.enough(speculative).unwrap().0, 20);
    assert_eq!(grid.enough(random).unwrap().0, 20);
    assert_eq!(grid.cost(speculative, 7), None);
}

#[test]
fn the_optimum_is_given_where_it_is_known() {
    let mut cells = cells();
    let optimum = Grid::split(&cells)[0].optimum(5).unwrap();
    assert!((optimum - 2.625 / 2.0).abs() < 1e-9);
    assert!(page(&cells, &settings(true)).contains("times the optimum"));
    for cell in &mut cells {
        cell.optimum = None;
    }
    assert_eq!(Grid::split(&cells)[0].optimum(5), None);
    assert!(!page(&cells, &settings(true)).contains("times the optimum"));
}

#[test]
fn the_close_look_is_at_a_budget_with_losses() {
    let mut cells = cells();
    assert_eq!(Grid::split(&cells)[0].focus(), 40);
    let speculative = cells
        .iter_mut()
        .filter(|cell| cell.policy == "speculative" && cell.budget > 10);
    speculative.for_each(|cell| cell.cost_resources = 0);
    assert_eq!(Grid::split(&cells)[0].focus(), 10);
    for cell in &mut cells {
        cell.cost_resources = 0;
    }
    assert_eq!(Grid::split(&cells)[0].focus(), 5);
}

#[test]
fn the_page_answers_first() {
    let page = page(&cells(), &settings(true));
    let header = page.split("</header>").next().unwrap();
    assert!(
        header.contains("<strong>20\u{a0}checkpoints</strong> with the rank-aware policy"),
        "{header}"
    );
    assert!(header.contains("0.26\u{a0}% of the training"), "{header}");
    assert!(page.contains("<title>Checkpoint budgets for sample.csv</title>"));
    assert!(page.contains("a&lt;b&gt;.csv"));
    assert_eq!(page.matches("<figure").count(), 3);
    assert_eq!(page.matches("<svg viewBox").count(), 3);
    assert_eq!(page.matches("<tr>").count(), 1 + 4 + 1 + 20, "two tables");
}

/// The close look is at a budget of 40: three policies hold the same there, and the fourth another number.
#[test]
fn what_policies_hold_alike_is_one_line() {
    let mut cells = cells();
    let others = cells.iter_mut().filter(|cell| cell.policy == "by_level");
    others.for_each(|cell| cell.held_over_time = vec![(0.0, 0), (7.0, 3)]);
    let page = page(&cells, &settings(true));
    let figure = page.split_once("id=\"s1-held\"").unwrap().1;
    let figure = figure.split("</figure>").next().unwrap();
    assert!(figure.contains("rank-aware, speculative and random</li>"));
    assert!(figure.contains("by level</li>"));
    assert_eq!(figure.matches("<li>").count(), 2 + 2);
}

#[test]
fn no_budget_may_be_enough() {
    let costly = [cell("random", 5, 0, 40_000), cell("random", 10, 0, 1_000)];
    let page = page(&costly, &settings(false));
    assert!(page.contains("none costs less than 1\u{a0}% of the training"));
    assert!(page.contains("10\u{a0}checkpoints, costs 1.0\u{a0}%"));
}

#[test]
fn every_combination_has_a_section_and_every_id_is_unique() {
    let mut cells = cells();
    let mut others = cells.clone();
    for cell in &mut others {
        cell.workers = 16;
    }
    cells.append(&mut others);
    let page = page(&cells, &settings(true));
    let mut ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert_eq!(page.matches("<section id=").count(), 2);
    let found = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), found);
    for link in page.split("href=\"#").skip(1) {
        assert!(ids.contains(&link.split('"').next().unwrap()));
    }
}

#[test]
fn the_same_results_make_the_same_page() {
    let cells = cells();
    assert_eq!(page(&cells, &settings(true)), page(&cells, &settings(true)));
}

#[test]
fn frozen_is_explained_either_way() {
    assert!(page(&cells(), &settings(true)).contains("Frozen: yes"));
    assert!(page(&cells(), &settings(false)).contains("Frozen: no"));
}

#[test]
fn odd_results_make_a_page_too() {
    assert!(page(&[], &settings(true)).contains("Nothing was simulated."));
    let mut odd = cell("other <policy>", 1, 0, 0);
    odd.trained_resources = 0;
    odd.held_over_time.clear();
    odd.losses_by_level.clear();
    odd.optimum = None;
    let page = page(&[odd], &settings(false));
    assert!(page.contains("other &lt;policy&gt;"));
    assert!(!page.contains("NaN"));
}
