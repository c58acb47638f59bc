//! The conformance suite: what passes it, what does not, and what it shows a policy.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use rungkeeper_policies::conformance::check;
use rungkeeper_policies::{
    ArrivalData, ByLevel, Candidate, Cheapest, Choice, ExpectedCost, Need, PolicyError, PolicySpec,
    RemovalPolicy, RungCost, RungView, choose_in_order,
};

#[test]
fn own_policies_pass() {
    for spec in PolicySpec::all() {
        check(&|| spec.build().unwrap());
    }
}

/// What the suite says of a policy; nothing if it passes.
fn said(make: &dyn Fn() -> Box<dyn RemovalPolicy>) -> String {
    let caught = catch_unwind(AssertUnwindSafe(|| check(make)));
    let message = |panic: Box<dyn std::any::Any + Send>| match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(other) => (*other.downcast::<&str>().unwrap()).to_owned(),
    };
    caught.err().map_or_else(String::new, message)
}

type Choose = for<'m> fn(&[RungView<'m>], Need) -> Vec<Choice<'m>>;

/// A policy without a cost.
#[derive(Clone, Copy)]
struct Plain(&'static str, Choose);

impl RemovalPolicy for Plain {
    fn name(&self) -> &'static str {
        self.0
    }

    fn choose<'m>(
        &mut self,
        rungs: &[RungView<'m>],
        need: Need,
        _: f64,
    ) -> Result<Vec<Choice<'m>>, PolicyError> {
        Ok(self.1(rungs, need))
    }
}

fn by_level<'m>(rungs: &[RungView<'m>], need: Need) -> Vec<Choice<'m>> {
    ByLevel.choose(rungs, need, 1.0).unwrap()
}

#[test]
fn names_are_lower_case_with_digits_and_underscores() {
    for name in ["plain", "by_level_2", "_", "7"] {
        assert_eq!(said(&|| Box::new(Plain(name, by_level))), "", "{name}");
    }
    for name in ["", "Plain", "by-level", "by level", "größe"] {
        let said = said(&|| Box::new(Plain(name, by_level)));
        assert!(said.contains("the name "), "{name}: {said}");
    }
}

/// Each breaks one law.
#[test]
fn choices_that_break_a_law_are_caught() {
    let faults: [(&str, Choose); 7] = [
        ("broken chose one twice", |rungs, need| {
            let mut chosen = by_level(rungs, need);
            if let [first, _, rest @ ..] = &mut chosen[..] {
                rest.fill(*first);
            }
            chosen
        }),
        ("broken chose what it was not shown", |rungs, need| {
            let mut chosen = by_level(rungs, need);
            for choice in &mut chosen {
                choice.candidate.bytes += 1;
            }
            chosen
        }),
        ("broken chose what it was not shown", |rungs, need| {
            let mut chosen = by_level(rungs, need);
            for choice in &mut chosen {
                choice.rung += 1;
            }
            chosen
        }),
        ("broken chose 0 where 1 must go", |rungs, need| {
            let mut chosen = by_level(rungs, need);
            chosen.truncate(usize::from(need.checkpoints != 1));
            chosen
        }),
        ("broken chose more than must go", |rungs, mut need| {
            need.checkpoints += u64::from(need.bytes == 0);
            by_level(rungs, need)
        }),
        ("broken freed ", |rungs, mut need| {
            need.bytes /= 2;
            by_level(rungs, need)
        }),
        (
            "broken kept a trial that is never promoted",
            |rungs, need| {
                let mut order = Vec::new();
                for (place, rung) in rungs.iter().enumerate() {
                    order.extend(rung.worst_first().map(|it| (place, it)));
                }
                order.sort_by_key(|(_, it)| it.metric.is_none());
                choose_in_order(order, need)
            },
        ),
    ];
    for (fault, choose) in faults {
        let said = said(&|| Box::new(Plain("broken", choose)));
        assert!(said.contains(fault), "{fault}: {said}");
    }
}

#[test]
fn costs_of_a_policy_that_estimates_none_are_caught() {
    let named: Choose = |rungs, need| {
        let mut chosen = by_level(rungs, need);
        for choice in &mut chosen {
            choice.ln_expected_cost = Some(0.0);
        }
        chosen
    };
    let said = said(&|| Box::new(Plain("broken", named)));
    let expected = "broken names costs that it does not estimate";
    assert!(said.contains(expected), "{said}");
}

/// Shown the same, it chooses differently every other time.
#[test]
fn choices_that_depend_on_something_else_are_caught() {
    struct Moody(ByLevel, Arc<Mutex<u64>>, fn(&mut Vec<Choice<'_>>));
    impl RemovalPolicy for Moody {
        fn name(&self) -> &'static str {
            "moody"
        }
        fn choose<'m>(
            &mut self,
            rungs: &[RungView<'m>],
            need: Need,
            ratio: f64,
        ) -> Result<Vec<Choice<'m>>, PolicyError> {
            let mut calls = self.1.lock().unwrap();
            *calls += 1;
            let mut chosen = self.0.choose(rungs, need, ratio)?;
            if calls.is_multiple_of(2) {
                self.2(&mut chosen);
            }
            Ok(chosen)
        }
    }
    let moody = |mood: fn(&mut Vec<Choice<'_>>)| {
        let calls = Arc::new(Mutex::new(0));
        said(&|| Box::new(Moody(ByLevel, Arc::clone(&calls), mood)))
    };
    let expected = "moody chose differently when shown the same, ";
    let reversed = moody(|chosen| chosen.reverse());
    assert!(reversed.starts_with(expected), "{reversed}");
    let cleared = moody(|chosen| chosen.truncate(0));
    let expected = format!("{expected}q and nothing: situation 0 ");
    assert!(cleared.starts_with(&expected), "{cleared}");
}

/// What was wrong, and the situation in full, for a person.
#[test]
fn a_message_shows_the_situation() {
    let message = said(&|| Box::new(Plain("idle", |_, _| Vec::new())));
    let expected = "idle chose 0 where 1 must go: situation 0 of 0 to 199, in which 1 checkpoints and 0 bytes must go at a \
                    time ratio of 1\n  level 9, worst first: a (NaN)\n  level 3, worst first: i (NaN) j (NaN) k\n  \
                    level 1, worst first: q (NaN) r s";
    assert_eq!(message, expected);
    let gives_up: Choose = |rungs, need| {
        let mut chosen = by_level(rungs, need);
        let is_empty = |rung: &RungView<'_>| rung.worst_first().next().is_none();
        if rungs.iter().any(is_empty) {
            chosen.clear();
        }
        chosen
    };
    let message = said(&|| Box::new(Plain("idle", gives_up)));
    assert!(message.contains(", worst first: nobody"), "{message}");
}

/// A cost that falls with the rank: told for a trial, and for how much is enough.
#[derive(Clone, Copy)]
struct Told(fn(&Candidate<'_>, f64) -> f64);

impl RungCost for Told {
    fn ln_cost(&mut self, candidate: &Candidate<'_>, enough: f64) -> Result<f64, PolicyError> {
        Ok(self.0(candidate, enough))
    }
}

impl ExpectedCost for Told {
    fn name(&self) -> &'static str {
        "told"
    }

    fn of_rung(&self, _: RungView<'_>, _: f64) -> Result<Box<dyn RungCost + '_>, PolicyError> {
        Ok(Box::new(*self))
    }

    fn falls_with_rank(&self) -> bool {
        true
    }
}

/// 100 and more above one, as a logarithm: the worse the rank, the less.
fn falling(candidate: &Candidate<'_>) -> f64 {
    1e3 - candidate.rank as f64
}

#[test]
fn costs_that_are_right_pass() {
    let right: [fn(&Candidate<'_>, f64) -> f64; 5] = [
        |it, _| falling(it),
        |it, enough| falling(it).min(enough + 0.5), // a bound between the two
        |_, _| f64::NEG_INFINITY,
        // It is not asked for trials that are never promoted.
        |it, _| {
            if it.metric.is_none() {
                f64::NAN
            } else {
                falling(it)
            }
        },
        // What is wrong in the last digits is no fault.
        |it, enough| falling(it) * (1.0 + if enough.is_finite() { 5e-12 } else { 0.0 }),
    ];
    for (number, cost) in right.into_iter().enumerate() {
        let said = said(&|| Box::new(Cheapest(Told(cost))));
        assert_eq!(said, "", "{number}");
    }
}

#[test]
fn costs_that_break_a_law_are_caught() {
    type Fault = (&'static str, fn(&Candidate<'_>, f64) -> f64);
    let faults: [Fault; 7] = [
        ("told expects a cost that is NaN", |_, _| f64::NAN),
        // The better the rank, the cheaper.
        ("told does not fall with the rank", |it, _| it.rank as f64),
        ("told does not fall with the rank", |it, _| {
            1e-6 * it.rank as f64
        }),
        // Where it may stop, it says less than it was asked for, more than it costs, or not enough.
        ("told is told to stop at ", |it, enough| {
            let own = falling(it);
            let stops = enough < own && enough.is_finite();
            if stops { enough - 0.5 } else { own }
        }),
        ("told is told to stop at ", |it, enough| {
            falling(it) + if enough.is_finite() { 0.5 } else { 0.0 }
        }),
        ("told is told to stop at ", |it, enough| {
            let own = falling(it);
            let has_enough = enough > own && enough.is_finite();
            if has_enough { own - 1e-6 } else { own }
        }),
        ("told is told to stop at ", |it, enough| {
            let own = falling(it);
            if enough == own { own - 1e-6 } else { own }
        }),
    ];
    for (fault, cost) in faults {
        let said = said(&|| Box::new(Cheapest(Told(cost))));
        assert!(said.contains(fault), "{fault}: {said}");
    }
}

/// It estimates one cost and names another.
#[test]
fn costs_that_are_not_those_of_the_choice_are_caught() {
    struct Names(Cheapest<Told>, fn(f64) -> Option<f64>);
    impl RemovalPolicy for Names {
        fn name(&self) -> &'static str {
            "names"
        }
        fn choose<'m>(
            &mut self,
            rungs: &[RungView<'m>],
            need: Need,
            ratio: f64,
        ) -> Result<Vec<Choice<'m>>, PolicyError> {
            let mut chosen = self.0.choose(rungs, need, ratio)?;
            for choice in &mut chosen {
                choice.ln_expected_cost = choice.ln_expected_cost.and_then(self.1);
            }
            Ok(chosen)
        }
        fn cost(&self) -> Option<&dyn ExpectedCost> {
            self.0.cost()
        }
    }
    let named: [fn(f64) -> Option<f64>; 3] = [|_| None, |ln| Some(ln + 1e-6), |ln| Some(-ln)];
    for names in named {
        let cost = Cheapest(Told(|it, _| falling(it)));
        let said = said(&|| Box::new(Names(cost, names)));
        assert!(said.contains("names names "), "{said}");
    }
}

/// What a policy was shown in a situation of the suite.
#[derive(Clone, Debug, Default)]
struct Shown {
    data: Vec<ArrivalData>,
    rungs: Vec<(u64, u64, Vec<Candidate<'static>>)>,
    need: Need,
    time_ratio: f64,
}

/// A policy that takes note of what it is shown.
struct Watches(ByLevel, Vec<ArrivalData>, Arc<Mutex<Vec<Shown>>>);

impl RemovalPolicy for Watches {
    fn name(&self) -> &'static str {
        "watches"
    }

    fn observe(&mut self, data: &ArrivalData) -> Result<(), PolicyError> {
        self.1.push(*data);
        Ok(())
    }

    fn choose<'m>(
        &mut self,
        rungs: &[RungView<'m>],
        need: Need,
        time_ratio: f64,
    ) -> Result<Vec<Choice<'m>>, PolicyError> {
        let keep = |it: Candidate<'m>| Candidate {
            trial_id: it.trial_id.to_owned().leak(),
            ..it
        };
        let rung = |rung: &RungView<'m>| {
            let candidates = rung.worst_first().map(keep).collect();
            (rung.level(), rung.len(), candidates)
        };
        self.2.lock().unwrap().push(Shown {
            data: self.1.clone(),
            rungs: rungs.iter().map(rung).collect(),
            need,
            time_ratio,
        });
        self.0.choose(rungs, need, time_ratio)
    }
}

/// The situations cover what runs meet, and are the same in each run, on each platform and in each release: a policy that
/// passes goes on to pass.
#[test]
fn situations_are_of_all_kinds_and_stay_the_same() {
    let shown = Arc::new(Mutex::new(Vec::new()));
    check(&|| Box::new(Watches(ByLevel, Vec::new(), Arc::clone(&shown))));
    let shown: Vec<Shown> = std::mem::take(&mut *shown.lock().unwrap());
    // Each is shown twice.
    assert_eq!(shown.len(), 400);
    let there = |is: &dyn Fn(&Shown) -> bool| shown.iter().filter(|it| is(it)).count();
    assert!(there(&|it| it.need.checkpoints > 0 && it.need.bytes == 0) > 50);
    assert!(there(&|it| it.need.checkpoints == 0 && it.need.bytes > 0) > 10);
    assert!(there(&|it| it.need.is_none()) > 5);
    assert!(there(&|it| it.rungs.iter().all(|rung| rung.2.is_empty())) > 5);
    assert!(there(&|it| it.rungs.iter().any(|rung| rung.2.len() == 8)) > 50);
    assert!(there(&|it| it.data.is_empty()) > 5);
    assert!(there(&|it| it.time_ratio == 0.0) > 20 && there(&|it| it.time_ratio == 1e6) > 20);
    let candidates: Vec<_> = shown.iter().flat_map(|it| &it.rungs).collect();
    let candidates: Vec<_> = candidates.iter().flat_map(|rung| &rung.2).collect();
    let of = |is: &dyn Fn(&Candidate<'_>) -> bool| candidates.iter().filter(|it| is(it)).count();
    assert!(of(&|it| it.metric.is_none()) > 500 && of(&|it| it.metric.is_some()) > 500);
    assert!(
        of(&|it| it.num_better + 1 < it.rank) > 500 && of(&|it| it.num_better + 1 == it.rank) > 500
    );
    assert!(of(&|it| it.bytes == 0) > 20);
    // FNV-1a of all of it, as text.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in format!("{shown:?}").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    assert_eq!(hash, 0x099b_0b67_225f_7601, "{hash:#x}");
}
