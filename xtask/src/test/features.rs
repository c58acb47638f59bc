//! Each feature alone: a crate taken with one feature must compile without a warning, whatever its siblings ask for.
use anyhow::Result;
use cargo_metadata::Package;

use crate::workspace::Workspace;

/// Compiles each published crate without features, with the default ones, and with each by itself.
pub(super) fn run(workspace: &Workspace) -> Result<()> {
    for package in workspace.published() {
        for choice in choices(package) {
            // Clippy and not check: it denies warnings without changing the flags that dependencies were built with.
            let mut args = vec!["clippy", "--quiet", "--locked", "--package", &package.name];
            args.extend(choice.iter().map(String::as_str));
            args.extend(["--", "-D", "warnings"]);
            workspace.cargo(args).run()?;
        }
    }
    Ok(())
}

fn choices(package: &Package) -> Vec<Vec<String>> {
    let none = || vec!["--no-default-features".to_owned()];
    let mut choices = vec![none()];
    for (feature, implied) in &package.features {
        match feature.as_str() {
            // An empty default is the choice without features.
            "default" if implied.is_empty() => {}
            "default" => choices.push(Vec::new()),
            name => choices.push([none(), vec!["--features".into(), name.into()]].concat()),
        }
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices_of(name: &str, features: &[(&str, &[&str])]) -> Vec<String> {
        let workspace = Workspace::load().unwrap();
        let mut package = (*workspace.members().iter().find(|p| p.name == name).unwrap()).clone();
        package.features = features
            .iter()
            .map(|(feature, implied)| {
                (
                    feature.to_string(),
                    implied.iter().map(ToString::to_string).collect(),
                )
            })
            .collect();
        choices(&package)
            .iter()
            .map(|choice| choice.join(" "))
            .collect()
    }

    #[test]
    fn none_default_and_each_alone() {
        let found = choices_of("xtask", &[("a", &[]), ("default", &["a"]), ("b", &["a"])]);
        let expected = [
            "--no-default-features",
            "--no-default-features --features a",
            "--no-default-features --features b",
            "",
        ];
        assert_eq!(found, expected);
        assert_eq!(
            choices_of("xtask", &[("default", &[])]),
            ["--no-default-features"]
        );
    }
}
