//! Purity of the core crates: same input, same output, anywhere. So no input or output, no clock, no global random numbers, no logging, no
//! function whose last digits depend on the platform, and no `serde` unless asked for.
use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, Result};

use super::{
    scan::{self, Form, Mention},
    table::{LAYERS, Layer},
    tidy,
};
use crate::{finding::Finding, workspace::Workspace};

type Rule = (&'static [&'static str], &'static str);

/// Paths that core code must not name, whatever follows them, and why. One of a single name stands for a crate.
const PATHS: [Rule; 5] = [
    (
        &[
            "std::fs",
            "std::net",
            "std::io",
            "std::os",
            "std::process",
            "std::env",
            "std::*",
        ],
        IO,
    ),
    (
        &["std::time"],
        "core crates read no clock (elapsed time is an argument)",
    ),
    (&["std::thread"], "core crates start no threads"),
    (
        &[
            "rand::rng",
            "rand::make_rng",
            "rand::fill",
            "rand::random",
            "rand::random_iter",
            "rand::random_range",
            "rand::random_bool",
            "rand::random_ratio",
        ],
        GLOBAL_RANDOMNESS,
    ),
    (&["log", "tracing"], "core crates do not log"),
];

/// Last names of paths, wherever they come from.
const NAMES: Rule = (
    &["thread_rng", "ThreadRng", "SysRng", "OsRng", "RandomState"],
    GLOBAL_RANDOMNESS,
);

const IO: &str = "core crates do no input or output";
const GLOBAL_RANDOMNESS: &str =
    "core crates use no global random numbers (a seeded generator is an argument or a field)";

const MACROS: Rule = (&["print", "println", "eprint", "eprintln", "dbg"], IO);

const METHODS: Rule = (
    &[
        "exp", "exp2", "exp_m1", "ln", "ln_1p", "log", "log2", "log10", "powf", "powi", "cbrt",
        "hypot", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh",
        "asinh", "acosh", "atanh",
    ],
    "its last digits differ between platforms; take the function of that name from libm",
);

const PACKAGES: Rule = (
    &[
        "log",
        "tracing",
        "env_logger",
        "getrandom",
        "tokio",
        "chrono",
        "time",
        "jiff",
    ],
    "core crates do no logging, no input or output, and use neither clock nor global random numbers",
);

const PACKAGES_UNASKED: Rule = (
    &["serde", "serde_core", "serde_json"],
    "serde is an optional feature of the core crates",
);

pub(super) fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let files = tidy::text_files(workspace)?;
    let mut findings = Vec::new();
    for layer in LAYERS.iter().filter(|layer| layer.is_core) {
        findings.extend(in_dependencies(workspace, layer)?);
        let folder = Path::new("crates").join(layer.folder).join("src");
        let is_source =
            |file: &Path| file.starts_with(&folder) && file.extension() == Some("rs".as_ref());
        let sources = files.iter().filter(|(file, _)| is_source(file));
        findings.extend(in_sources(
            sources.map(|(file, text)| (file.as_path(), text.as_str())),
        ));
    }
    Ok(findings)
}

/// Checks the sources of one crate.
fn in_sources<'a>(sources: impl Iterator<Item = (&'a Path, &'a str)>) -> Vec<Finding> {
    let scanned: Vec<_> = sources
        .map(|(file, text)| (file, scan::without_tests(&scan::tokens(text))))
        .collect();
    let own: BTreeSet<_> = scanned
        .iter()
        .flat_map(|(_, tokens)| scan::functions(tokens))
        .collect();
    let mut findings = Vec::new();
    for (file, tokens) in &scanned {
        for mention in scan::mentions(tokens) {
            // A scanner sees no types: a method that the crate itself defines is taken for its own.
            let is_own = mention.form == Form::Method && own.contains(mention.path[0]);
            if let Some(reason) = forbidden(&mention).filter(|_| !is_own) {
                let message = format!("`{}`: {reason}", mention.path.join("::"));
                findings.push(Finding::new(file, mention.line, message));
            }
        }
    }
    findings
}

/// Why the code must not say this, if it must not.
fn forbidden(mention: &Mention<'_>) -> Option<&'static str> {
    let by_name = |(names, reason): Rule| {
        mention
            .path
            .last()
            .filter(|last| names.contains(last))
            .map(|_| reason)
    };
    let by_path = || {
        PATHS
            .iter()
            .find(|(names, _)| begins(mention, names))
            .map(|(_, why)| *why)
    };
    match mention.form {
        Form::Method => by_name(METHODS),
        Form::Macro => by_path().or_else(|| by_name(MACROS)),
        Form::Path if matches!(mention.path[0], "f32" | "f64") => by_name(METHODS),
        Form::Path => by_path().or_else(|| by_name(NAMES)),
    }
}

fn begins(mention: &Mention<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| {
        let parts: Vec<_> = name.split("::").collect();
        // A single word may be a variable; a crate is followed by what is taken from it.
        mention.path.len() >= 2 && mention.path.starts_with(&parts)
    })
}

/// The crate's own dependencies, as somebody gets them who takes it alone.
fn in_dependencies(workspace: &Workspace, layer: &Layer) -> Result<Vec<Finding>> {
    let manifest = Path::new("crates").join(layer.folder).join("Cargo.toml");
    let mut findings = Vec::new();
    for (features, (names, reason)) in [
        ("--all-features", PACKAGES),
        ("--no-default-features", PACKAGES_UNASKED),
    ] {
        let package = layer.package();
        let mut args = vec!["tree", "--locked", "--package", &package, features];
        args.extend([
            "--target", "all", "--edges", "normal", "--prefix", "none", "--format", "{p}",
        ]);
        let tree = workspace
            .cargo(args)
            .output()
            .context("reading the dependencies")?;
        for name in names.iter().filter(|name| contains(&tree, name)) {
            let message = format!("{package} ({features}) depends on {name}: {reason}");
            findings.push(Finding::new(&manifest, 0, message));
        }
    }
    Ok(findings)
}

fn contains(tree: &str, package: &str) -> bool {
    tree.lines()
        .any(|line| line.split(' ').next() == Some(package))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(source: &str) -> Vec<String> {
        let findings = in_sources(std::iter::once((Path::new("lib.rs"), source)));
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_impure_is_refused() {
        for source in [
            "use std::fs;",
            "use std::{collections::BTreeMap, time::{Duration, Instant}};",
            "use ::std::io::Write as _;",
            "use std::*;",
            "fn f() { let x = std::env::var(\"A\"); }",
            "fn f() { println!(\"{}\", 1); }",
            "fn f() { std::eprintln!(); }",
            "fn f() { log::info!(\"a\"); }",
            "use tracing::info;",
            "fn f() -> f64 { rand::random() }",
            "fn f() { let mut r = rand::rng(); }",
            "fn f() { thread_rng(); }",
            "fn f(x: f64) -> f64 { x.ln_1p() }",
            "fn f(x: &[f64]) { x.iter().map(f64::exp); }",
            "#[cfg(not(test))] use std::fs;",
        ] {
            assert_ne!(refused(source), [""; 0], "{source}");
        }
    }

    #[test]
    fn what_is_pure_passes() {
        for source in [
            "use std::{fmt, error::Error, collections::BTreeMap};",
            "/// std::fs, println!(), x.ln()\nfn f() { \"std::fs\"; }",
            "fn f(x: f64) -> f64 { libm::log(x) + x.sqrt() }",
            "use rand::{Rng, SeedableRng};",
            "fn f(log: &mut Vec<u8>) { log.push(1); }",
            "struct S { exp: f64 } fn f(s: S) -> f64 { s.exp }",
            "mod fs {} use self::fs as files;",
            "struct Scaled; impl Scaled { fn ln(self) {} } fn f(x: Scaled) { x.ln(); }",
            "#[cfg(test)] mod tests { use std::fs; fn f(x: f64) { x.ln(); println!(); } }",
        ] {
            assert_eq!(refused(source), [""; 0], "{source}");
        }
    }

    #[test]
    fn a_finding_names_place_rule_and_reason() {
        let expected = "lib.rs:3: `std::time::Instant`: core crates read no clock (elapsed time is an argument)";
        assert_eq!(
            refused("// one\nuse std::{\n    time::Instant,\n};"),
            [expected]
        );
    }

    #[test]
    fn packages_are_found_by_their_whole_name() {
        let tree = "rungkeeper-score v0.1.0 (/a/b)\nlibm v0.2.16\nlog-like v1.0.0\n";
        assert!(contains(tree, "libm"));
        assert!(!contains(tree, "log"));
    }
}
