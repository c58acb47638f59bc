//! Headless Chromium, and what it finds in a page.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The names under which distributions install it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// As root, Chromium runs only without its sandbox. Nothing that it does by itself may reach the
/// network, and no host has an address.
const FLAGS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--enable-logging=stderr",
    "--hide-scrollbars",
    "--virtual-time-budget=5000",
    "--dump-dom",
];

/// What the frame around a page looks for in it.
const PROBE: &str = include_str!("probe.js");

/// How a reader sees a page.
#[derive(Clone, Copy)]
pub(crate) struct View {
    /// Width of the page in pixels.
    pub(crate) width: u32,
    /// The reader prefers a dark ground.
    pub(crate) dark: bool,
}

/// What was found in a page.
pub(crate) struct Found {
    /// See `probe.js`.
    pub(crate) facts: Value,
    /// What the browser wrote to its console.
    pub(crate) console: Vec<String>,
}

/// Shows the page, as it is, in a frame of that width (a window cannot be as narrow as a phone) and looks at it.
pub(crate) fn look(page: &str, view: View) -> Found {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("frame.html");
    fs::write(&file, frame(page, view.width)).unwrap();
    let scheme = format!(
        "--blink-settings=preferredColorScheme={}",
        u8::from(!view.dark)
    );
    let (document, log) = open(&file, &scheme);
    let found = document
        .rsplit_once("<pre id=\"found\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"));
    let (found, _) = found.unwrap_or_else(|| panic!("the probe found nothing: {log}"));
    let facts = serde_json::from_str(found);
    Found {
        facts: facts.unwrap_or_else(|error| panic!("{error}: {found}\n{log}")),
        console: console(&log),
    }
}

/// The console lines of a file opened by itself.
pub(crate) fn console_of(file: &Path) -> Vec<String> {
    console(&open(file, "--window-size=1280,900").1)
}

fn console(log: &str) -> Vec<String> {
    let lines = log.lines().filter(|line| line.contains("CONSOLE"));
    lines.map(str::to_owned).collect()
}

fn frame(page: &str, width: u32) -> String {
    let mut frame = String::from("<!DOCTYPE html><meta charset=\"utf-8\">");
    let source = page.replace('&', "&amp;").replace('"', "&quot;");
    let _ = write!(
        frame,
        "<iframe style=\"width:{width}px;height:900px;border:0\" srcdoc=\"{source}\"></iframe>\
         <pre id=\"found\"></pre><script>{PROBE}</script>"
    );
    frame
}

/// The document after loading, and what the browser wrote to its log.
fn open(file: &Path, flag: &str) -> (String, String) {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium())
        .args(FLAGS)
        .arg(flag)
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let [document, log] =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "Chromium failed: {log}");
    (document, log)
}

fn chromium() -> &'static str {
    let is_there = |name: &&&str| {
        let mut version = Command::new(name);
        version.arg("--version").stdin(Stdio::null());
        version.output().is_ok_and(|output| output.status.success())
    };
    NAMES.iter().find(is_there).expect(
        "pages are tested in Chromium, which is missing. Install it: \
         apt-get update && apt-get install --yes chromium",
    )
}
