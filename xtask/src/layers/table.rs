//! The layers, lowest first. `docs/architecture.md` tells the story; this table is what is enforced.

/// A crate under `crates/`, by the name of its folder.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) folder: &'static str,
    /// The crates it may depend on.
    pub(super) may_use: &'static [&'static str],
    /// Why no others.
    pub(super) must_not_know: &'static str,
    /// Core crates are pure: they do without the standard library, and without `serde` unless asked for.
    pub(super) is_core: bool,
}

pub(super) const LAYERS: &[Layer] = &[
    Layer {
        folder: "estimators",
        may_use: &[],
        must_not_know: "rungs, trials, scores",
        is_core: true,
    },
    Layer {
        folder: "rung-model",
        may_use: &[],
        must_not_know: "scores, policies, clocks, files",
        is_core: true,
    },
    Layer {
        folder: "score",
        may_use: &["rung-model"],
        must_not_know: "trials, estimators, time, randomness",
        is_core: true,
    },
    Layer {
        folder: "policies",
        may_use: &["estimators", "rung-model", "score"],
        must_not_know: "files, tuners, clocks",
        is_core: true,
    },
    Layer {
        folder: "tuner-hooks",
        may_use: &["estimators", "rung-model", "score", "policies"],
        must_not_know: "schedulers, processes, concrete stores",
        is_core: false,
    },
    Layer {
        folder: "checkpoints",
        may_use: &["rung-model", "tuner-hooks"],
        must_not_know: "policies, scores",
        is_core: false,
    },
    Layer {
        folder: "tuner",
        may_use: &[
            "estimators",
            "rung-model",
            "score",
            "policies",
            "tuner-hooks",
        ],
        must_not_know: "processes, stores, the command line, Python",
        is_core: false,
    },
    Layer {
        folder: "runner",
        may_use: &[
            "estimators",
            "rung-model",
            "score",
            "policies",
            "tuner-hooks",
            "checkpoints",
            "tuner",
        ],
        must_not_know: "the command line, Python",
        is_core: false,
    },
    Layer {
        folder: "cli",
        may_use: &[
            "estimators",
            "rung-model",
            "score",
            "policies",
            "tuner-hooks",
            "checkpoints",
            "tuner",
            "runner",
        ],
        must_not_know: "Python",
        is_core: false,
    },
    Layer {
        folder: "python",
        may_use: &[
            "estimators",
            "rung-model",
            "score",
            "policies",
            "tuner-hooks",
            "checkpoints",
            "tuner",
        ],
        must_not_know: "the command line",
        is_core: false,
    },
];

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_uses_only_what_stands_above_it() {
        for (index, layer) in LAYERS.iter().enumerate() {
            for used in layer.may_use {
                let place = LAYERS.iter().position(|other| other.folder == *used);
                assert!(
                    place.is_some_and(|place| place < index),
                    "{} uses {used}",
                    layer.folder
                );
            }
        }
    }

    #[test]
    fn core_crates_stand_on_core_crates() {
        for layer in LAYERS.iter().filter(|layer| layer.is_core) {
            for used in layer.may_use {
                let below = LAYERS.iter().find(|other| other.folder == *used).unwrap();
                assert!(below.is_core, "{} uses {used}", layer.folder);
            }
        }
    }
}
