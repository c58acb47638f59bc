//! The layers, lowest first. `docs/architecture.md` tells the story; this table is what is enforced.

/// A crate under `crates/`.
#[derive(Debug)]
pub(super) struct Layer {
    /// The name of its folder.
    pub(super) folder: &'static str,
    /// The crates above it in the table that it must not depend on. Those below it are out in any case.
    except: &'static [&'static str],
    /// Why not.
    pub(super) must_not_know: &'static str,
    /// Core crates are pure: they do without the standard library, and without `serde` unless asked for.
    pub(super) is_core: bool,
}

#[rustfmt::skip]
pub(super) static LAYERS: [Layer; 11] = [
    core("estimators", &[], "rungs, trials, scores"),
    core("rung-model", &["estimators"], "scores, policies, clocks, files"),
    core("score", &["estimators"], "trials, estimators, time, randomness"),
    core("policies", &[], "files, tuners, clocks"),
    layer("tuner-hooks", &[], "schedulers, processes, concrete stores"),
    layer("checkpoints", &["estimators", "score", "policies"], "policies, scores"),
    layer("tuner", &["checkpoints"], "processes, stores, the command line, Python"),
    layer("runner", &[], "the command line, Python"),
    layer("trial", ALL_BUT_TRIAL, "everything else: it is a training program's side"),
    layer("cli", &["trial"], "Python, the side of training programs"),
    layer("python", &["runner", "trial", "cli"], "the command line, the side of training programs"),
];

/// A training program takes nothing of the tuner with it.
const ALL_BUT_TRIAL: Names = &[
    "estimators",
    "rung-model",
    "score",
    "policies",
    "tuner-hooks",
    "checkpoints",
    "tuner",
    "runner",
];

type Names = &'static [&'static str];

const fn layer(folder: &'static str, except: Names, must_not_know: &'static str) -> Layer {
    Layer {
        folder,
        except,
        must_not_know,
        is_core: false,
    }
}

const fn core(folder: &'static str, except: Names, must_not_know: &'static str) -> Layer {
    Layer {
        is_core: true,
        ..layer(folder, except, must_not_know)
    }
}

impl Layer {
    /// The package's name.
    pub(super) fn package(&self) -> String {
        match self.folder {
            "cli" => "rungkeeper".to_owned(),
            folder => format!("rungkeeper-{folder}"),
        }
    }

    /// The layer of a package.
    pub(super) fn of(package: &str) -> Option<&'static Self> {
        LAYERS.iter().find(|layer| layer.package() == package)
    }

    /// Whether it may depend on another one.
    pub(super) fn may_use(&self, other: &Self) -> bool {
        let mut above = LAYERS
            .iter()
            .take_while(|layer| layer.folder != self.folder);
        above.any(|layer| layer.folder == other.folder) && !self.except.contains(&other.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn core_crates_stand_on_core_crates() {
        for layer in LAYERS.iter().filter(|layer| layer.is_core) {
            for used in LAYERS.iter().filter(|other| layer.may_use(other)) {
                assert!(used.is_core, "{} uses {}", layer.folder, used.folder);
            }
        }
    }

    #[test]
    fn exceptions_stand_above() {
        for (index, layer) in LAYERS.iter().enumerate() {
            for except in layer.except {
                let above = LAYERS[..index].iter().any(|it| it.folder == *except);
                assert!(above, "{} without {except}", layer.folder);
            }
        }
    }
}
