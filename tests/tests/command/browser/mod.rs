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

/// A window on a desk.
pub(crate) const DESK: View = View {
    width: 1280,
    dark: false,
};

/// A narrow phone.
pub(crate) const PHONE: View = View {
    width: 360,
    dark: false,
};

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

/// The page is a sound one, with that many figures and rows of tables.
pub(crate) fn assert_is_sound(found: &Found, figures: usize, rows: u64) {
    let Found { facts, console } = found;
    assert_eq!(console, &[""; 0], "nothing is written to the console");
    assert_eq!(facts["requests"], 0, "the page asks for nothing");
    assert_eq!(facts["scripts"], 0);
    assert_eq!(facts["mode"], "CSS1Compat", "standards mode");
    assert_eq!(facts["language"], "en");
    assert_eq!(facts["headings"], 1);
    assert_eq!(facts["repeatedIds"], 0);
    assert_eq!(facts["deadReferences"], 0);
    assert_eq!(facts["rows"], rows);
    assert_eq!(
        facts["scrollWidth"], facts["width"],
        "the page scrolls down only"
    );
    assert!(number(&facts["contrast"]) >= 7.0);
    let found = facts["figures"].as_array().unwrap();
    assert_eq!(found.len(), figures);
    found.iter().for_each(assert_shows_something);
}

fn assert_shows_something(figure: &Value) {
    assert!(number(&figure["width"]) > 250.0, "{figure}");
    assert!(number(&figure["height"]) > 150.0, "{figure}");
    assert!(number(&figure["marks"]) >= 3.0, "{figure}");
    assert!(number(&figure["texts"]) >= 6.0, "{figure}");
    assert!(number(&figure["smallestText"]) >= 9.0, "{figure}");
    assert!(number(&figure["contrast"]) >= 4.5, "{figure}");
    assert_eq!(figure["outside"], 0, "no text is cut off: {figure}");
    assert_eq!(figure["labelled"], true, "{figure}");
    assert_eq!(figure["captioned"], true, "{figure}");
}

pub(crate) fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
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
