//! The page of `rungkeeper simulate --html`, in a real browser.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use crate::binary;
use crate::browser::{DESK, Found, PHONE, View, assert_is_sound, console_of, look, number};

/// Makes a page of the curves that the project ships.
fn simulate(more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    let output = Command::new(binary::path())
        .args(["simulate", "../crates/cli/curves/openml_41150.csv"])
        .args(more)
        .arg("--html")
        .arg(&file)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{log}");
    std::fs::read_to_string(file).unwrap()
}

/// Four policies, five budgets, ten seeds, frozen.
fn page() -> &'static str {
    static PAGE: OnceLock<String> = OnceLock::new();
    PAGE.get_or_init(|| simulate(&["--frozen"]))
}

#[test]
fn the_page_is_sound_on_a_desk() {
    let found = look(page(), DESK);
    assert_eq!(found.facts["width"], 1280);
    assert_eq!(
        found.facts["title"],
        "Checkpoint budgets for ../crates/cli/curves/openml_41150.csv"
    );
    assert_eq!(found.facts["dark"], false);
    assert!(number(&found.facts["ground"]) > 0.5);
    assert_is_sound(&found, 3, 4 + 20);
}

#[test]
fn the_page_is_sound_on_a_phone() {
    let found = look(page(), PHONE);
    assert_eq!(found.facts["width"], 360);
    assert_is_sound(&found, 3, 4 + 20);
}

#[test]
fn the_page_is_dark_for_those_who_prefer_it() {
    let found = look(
        page(),
        View {
            dark: true,
            ..PHONE
        },
    );
    assert_eq!(found.facts["dark"], true);
    assert!(number(&found.facts["ground"]) < 0.05);
    assert_is_sound(&found, 3, 4 + 20);
}

#[test]
fn each_number_of_workers_has_its_figures() {
    let lists = ["--workers", "2,4", "--budget", "6,12", "--seeds", "2"];
    let found = look(&simulate(&lists), PHONE);
    assert_is_sound(&found, 6, 2 * (4 + 8));
}

#[test]
fn the_page_opens_from_a_file_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    std::fs::write(&file, page()).unwrap();
    assert_eq!(console_of(Path::new(&file)), [""; 0]);
}

#[test]
fn the_page_answers_in_its_first_words() {
    let header = page().split("</header>").next().unwrap();
    assert!(header.contains("\u{a0}checkpoints</strong> with the rank-aware policy"));
    assert!(page().contains("--html"), "the command that made it");
    assert!(page().contains("Frozen: yes"));
    assert!(page().len() < 200_000, "{} bytes", page().len());
}

/// What the other tests rely on: a page that is not sound shows it.
#[test]
fn the_browser_sees_what_is_wrong() {
    let wrong = "<!DOCTYPE html><title>t</title><p style=\"width:700px\" id=a>wide</p><p id=a></p>\
        <a href=\"#b\">b</a><img src=\"http://example.com/x.png\"><script>console.error('said')</script>";
    let Found { facts, console } = look(wrong, PHONE);
    assert_eq!(facts["title"], "t");
    assert!(number(&facts["scrollWidth"]) > 700.0);
    assert_eq!(facts["requests"], 1);
    assert_eq!(facts["scripts"], 1);
    assert_eq!(facts["repeatedIds"], 1);
    assert_eq!(facts["deadReferences"], 1);
    assert!(
        console.iter().any(|line| line.contains("said")),
        "{console:?}"
    );
    // The page's own policy forbids what is wrong, and says so where it happens.
    let policy = page().split_once("<meta http-equiv=").unwrap().1;
    let policy = policy.split_once('>').unwrap().0;
    let guarded = wrong.replacen("<title>", &format!("<meta http-equiv={policy}><title>"), 1);
    let console = look(&guarded, PHONE).console;
    let has = |what: &str| console.iter().any(|line| line.contains(what));
    assert!(!has("\"said\""), "{console:?}");
    assert!(has("Content Security Policy"), "{console:?}");
    assert!(has("example.com"), "{console:?}");
}
