//! `cargo xtask wheel`: the wheel that is published, for Linux systems from 2014 on, with the command `rungkeeper` inside;
//! and its tests in clean environments of the oldest and the newest Python that is here.
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use super::{
    Package,
    environment::{CORE, PIP_INSTALL, WHEEL},
};
use crate::{
    process::Invocation,
    workspace::{Workspace, empty},
};

/// The oldest C library on which the wheel runs, as `manylinux2014` has it.
const GLIBC: (u32, u32) = (2, 17);
/// The oldest Python, as the package's manifest says.
const OLDEST: u32 = 9;

/// Options of `cargo xtask wheel`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Build only; test nothing
    #[arg(long)]
    no_tests: bool,
}

/// What is tried in an environment that has nothing but the wheel and what it needs.
const SMOKE: &str = "
import rungkeeper
callback = rungkeeper.RemovalCallback.geometric(1, 3, 27, max_checkpoints=1)
for trial, loss in enumerate([0.3, 0.5]):
    callback.start(trial)
    callback.result(trial, 1, loss, 'PAUSE')
    callback.checkpoint_committed(trial, 1)
assert [removal.trial for removal in callback.loop_end(1.0)] == ['1']
print(rungkeeper.__version__)
";

/// The command.
pub(crate) fn run(args: &Args) -> Result<()> {
    let workspace = Workspace::load()?;
    let package = Package::of(&workspace);
    package.prepare(WHEEL)?;
    let command = build_command(&workspace, &package)?;
    let wheel = package.build_portable(&command)?;
    println!("the wheel: {wheel}");
    if args.no_tests {
        return Ok(());
    }
    let pythons = pythons()?;
    for (minor, python) in oldest_and_newest(&pythons) {
        test_in(&package, minor, python, &wheel).with_context(|| format!("Python 3.{minor}"))?;
    }
    Ok(())
}

/// The target, with the version of the C library that is linked against.
fn target() -> String {
    let (major, minor) = GLIBC;
    format!("{}.{major}.{minor}", triple())
}

fn triple() -> String {
    format!("{}-unknown-linux-gnu", env::consts::ARCH)
}

/// The program of the crate `rungkeeper`, linked for old systems.
fn build_command(workspace: &Workspace, package: &Package) -> Result<PathBuf> {
    let args = [
        "zigbuild",
        "--release",
        "--locked",
        "--package",
        "rungkeeper",
    ];
    let target = target();
    let args = [args.as_slice(), &["--target", &target]].concat();
    package.call_tool("cargo-zigbuild", args)?.run()?;
    let built = workspace.metadata.target_directory.join(triple());
    Ok(built.join("release/rungkeeper").into_std_path_buf())
}

impl Package {
    /// The wheel for old systems, with the program among its scripts.
    fn build_portable(&self, command: &Path) -> Result<String> {
        let plain = self.under_target("portable/plain")?;
        empty(&plain)?;
        let args = [
            "build",
            "--release",
            "--locked",
            "--zig",
            "--target",
            &triple(),
        ];
        let more = ["--compatibility", "manylinux2014", "--out", &plain];
        self.call_tool("maturin", [args.as_slice(), &more].concat())?
            .run()?;
        let unpacked = self.under_target("portable/unpacked")?;
        empty(&unpacked)?;
        let wheel = only_file(&plain)?;
        let args = ["-m", "wheel", "unpack", "--dest", &unpacked, &wheel];
        self.call(WHEEL, "python", args)?.run()?;
        let root = only_file(&unpacked)?;
        let name = Path::new(&root)
            .file_name()
            .context("a folder has a name")?;
        let scripts = format!("{root}/{}.data/scripts", name.to_string_lossy());
        fs::create_dir_all(&scripts)?;
        let script = format!("{scripts}/rungkeeper");
        fs::copy(command, &script).with_context(|| format!("copying {}", command.display()))?;
        check_glibc(Path::new(&script))?;
        check_glibc(&Path::new(&root).join("rungkeeper/_core.abi3.so"))?;
        let packed = self.under_target("portable/wheels")?;
        empty(&packed)?;
        let args = ["-m", "wheel", "pack", "--dest-dir", &packed, &root];
        self.call(WHEEL, "python", args)?.run()?;
        only_file(&packed)
    }

    /// A call of a tool that looks for the linker on the search path.
    fn call_tool<'a>(
        &self,
        program: &str,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Result<Invocation> {
        let folder = Path::new(&self.program(WHEEL, program)?).with_file_name("");
        let others = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(std::iter::once(folder).chain(env::split_paths(&others)))?;
        let path = path.to_str().context("the search path is not Unicode")?;
        Ok(self.call(WHEEL, program, args)?.env("PATH", path))
    }
}

/// The path of what lies alone in a folder.
pub(super) fn only_file(folder: &str) -> Result<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("reading {folder}"))? {
        found.extend(entry?.path().to_str().map(ToOwned::to_owned));
    }
    ensure!(
        found.len() == 1,
        "one file is expected in {folder}: {found:?}"
    );
    Ok(found.remove(0))
}

/// Refuses a program that needs a newer C library than the wheel promises.
fn check_glibc(file: &Path) -> Result<()> {
    let bytes = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let newest = newest_glibc(&bytes).context("no version of the C library is named")?;
    ensure!(
        newest <= GLIBC,
        "{} needs version {}.{} of the C library",
        file.display(),
        newest.0,
        newest.1
    );
    Ok(())
}

/// The newest version of the C library of which a program takes a symbol.
fn newest_glibc(bytes: &[u8]) -> Option<(u32, u32)> {
    const PREFIX: &[u8] = b"GLIBC_";
    let found = bytes.windows(PREFIX.len()).enumerate();
    let versions = found
        .filter(|(_, window)| *window == PREFIX)
        .map(|(at, _)| {
            let rest = bytes[at + PREFIX.len()..].iter().copied();
            let text: String = rest
                .take_while(|byte| byte.is_ascii_digit() || *byte == b'.')
                .map(char::from)
                .collect();
            let mut numbers = text.split('.').map(str::parse::<u32>);
            Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
        });
    versions.flatten().max()
}

/// The interpreters that are here, by their minor version: on the search path, or installed by pyenv.
fn pythons() -> Result<BTreeMap<u32, PathBuf>> {
    let mut found = BTreeMap::new();
    let mut candidates: Vec<PathBuf> = (OLDEST..30)
        .map(|minor| PathBuf::from(format!("python3.{minor}")))
        .collect();
    candidates.extend(env::var_os("PYTHON").map(PathBuf::from));
    let home = env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".pyenv")));
    if let Some(versions) = home.and_then(|home| fs::read_dir(home.join("versions")).ok()) {
        candidates.extend(
            versions
                .flatten()
                .map(|entry| entry.path().join("bin/python")),
        );
    }
    for python in candidates {
        if let Some(minor) = minor_version(&python).filter(|minor| *minor >= OLDEST) {
            found.entry(minor).or_insert(python);
        }
    }
    ensure!(!found.is_empty(), "no Python from 3.{OLDEST} on was found");
    Ok(found)
}

/// The minor version, if it runs and is a Python 3.
fn minor_version(python: &Path) -> Option<u32> {
    const ASK: &str = "import sys; print(*sys.version_info[:2])";
    let output = std::process::Command::new(python)
        .args(["-c", ASK])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.trim().strip_prefix("3 ")?.parse().ok()
}

fn oldest_and_newest(pythons: &BTreeMap<u32, PathBuf>) -> BTreeMap<u32, &PathBuf> {
    let ends = [pythons.first_key_value(), pythons.last_key_value()];
    let ends = ends.into_iter().flatten();
    ends.map(|(&minor, python)| (minor, python)).collect()
}

/// Installs the wheel where nothing else is, tries what is in it, and runs the tests of the core.
fn test_in(package: &Package, minor: u32, python: &Path, wheel: &str) -> Result<()> {
    let folder = package.under_target(&format!("portable/python3.{minor}"))?;
    let python = python.to_str().context("the path is not Unicode")?;
    let here = &package.folder;
    Invocation::new(python, here, ["-m", "venv", "--clear", &folder]).run()?;
    let (python, command) = (
        format!("{folder}/bin/python"),
        format!("{folder}/bin/rungkeeper"),
    );
    let pip = |more: &[&str]| -> Result<()> {
        Invocation::new(&python, here, [PIP_INSTALL.as_slice(), more].concat()).run()
    };
    pip(&[wheel])?;
    Invocation::new(&python, here, ["-c", SMOKE]).run()?;
    Invocation::new(&command, here, ["--version"]).run()?;
    let curves = "../cli/curves/openml_41150.csv";
    let args = [
        "simulate", curves, "--seeds", "2", "--budget", "8", "--json",
    ];
    let simulated = Invocation::new(&command, here, args).output()?;
    ensure!(
        simulated.contains("cost_resources"),
        "simulate printed: {simulated}"
    );
    let requirements = match minor {
        ..=10 => "requirements/oldest.txt".to_owned(),
        _ => format!("requirements/{}.txt", CORE.name),
    };
    pip(&["--requirement", &requirements])?;
    let cache = format!("cache_dir={folder}/cache");
    let args = ["-m", "pytest", "-o", &cache, &CORE.tests()];
    Invocation::new(&python, here, args)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env(
            "HYPOTHESIS_STORAGE_DIRECTORY",
            &format!("{folder}/hypothesis"),
        )
        .run()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_found() {
        let bytes = b"..GLIBC_2.9\0GLIBC_2.17\0GLIBC_2.2.5\0GLIBC_PRIVATE\0GLIBC_";
        assert_eq!(newest_glibc(bytes), Some((2, 17)));
        assert_eq!(newest_glibc(b"musl"), None);
    }

    #[test]
    fn the_ends_are_tested() {
        let of = |minors: &[u32]| -> Vec<u32> {
            let all = minors
                .iter()
                .map(|&minor| (minor, PathBuf::new()))
                .collect();
            oldest_and_newest(&all).into_keys().collect()
        };
        assert_eq!(of(&[9, 11, 13]), [9, 13]);
        assert_eq!(of(&[11]), [11]);
    }
}
