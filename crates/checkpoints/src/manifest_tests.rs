//! What is refused in a manifest.

use super::*;

fn manifest(change: impl FnOnce(&mut Manifest)) -> Result<Manifest, String> {
    let content = Content {
        files: ["a", "b/c"].map(file).into(),
        links: vec![link("b/d", "../a")],
        directories: vec!["b".to_owned(), "e".to_owned()],
        folders: Vec::new(),
    };
    let stamp = Stamp {
        sequence: 4,
        level: 9,
    };
    let mut manifest = Manifest::new("run", "7", stamp, 1, content);
    change(&mut manifest);
    manifest.bytes = manifest.files.iter().map(FileEntry::room).sum();
    manifest.hash = manifest.content_hash();
    Manifest::parse(&manifest.to_bytes().unwrap())
}

fn file(path: &str) -> FileEntry {
    FileEntry {
        bytes: 1,
        ..FileEntry::new(path.to_owned())
    }
}

fn link(path: &str, target: &str) -> LinkEntry {
    LinkEntry {
        path: path.to_owned(),
        target: target.to_owned(),
    }
}

#[test]
fn hostile_manifests_are_refused_although_their_seal_is_right() {
    assert!(manifest(|_| {}).is_ok());
    for path in [
        "",
        "..",
        "../x",
        "/etc/passwd",
        "x/../../y",
        "x//y",
        "./x",
        "a\0b",
        "x/",
    ] {
        let path = path.replace("\\0", "\0");
        assert!(manifest(|m| m.files[0] = file(&path)).is_err(), "{path:?}");
        assert!(
            manifest(|m| m.directories[1] = path.clone()).is_err(),
            "{path:?}"
        );
        assert!(
            manifest(|m| m.links[0].path = path.clone()).is_err(),
            "{path:?}"
        );
    }
    assert!(manifest(|m| m.files[1] = file("a")).is_err());
    assert!(manifest(|m| m.files[1] = file("a/b")).is_err());
    assert!(manifest(|m| m.files[1] = file("b/d/x")).is_err());
    assert!(manifest(|m| m.directories[1] = "b/d".to_owned()).is_err());
    assert!(manifest(|m| m.links[0].target = "../../x".to_owned()).is_err());
    assert!(manifest(|m| m.format = 2).is_err());

    let second = |name: &str| {
        let name = name.to_owned();
        manifest(|m| m.files[1].same_as = Some(name))
    };
    assert!(second("a").is_ok());
    for name in ["b", "b/c", "../a", "none"] {
        assert!(second(name).is_err(), "{name}");
    }
    let attributes = Attributes {
        mode: 0o755,
        modified: (0, 0),
    };
    for (path, known) in [("", true), ("e", true), ("..", false), ("f", false)] {
        let path = path.to_owned();
        let folder = Folder { path, attributes };
        assert_eq!(manifest(|m| m.folders.push(folder)).is_ok(), known);
    }
    assert!(manifest(|m| m.files[0].holes = vec![(0, 1)]).is_ok());
    assert!(manifest(|m| m.files[0].holes = vec![(0, 2)]).is_err());
}

#[test]
fn each_changed_byte_of_a_manifest_is_noticed() {
    let bytes = manifest(|_| {}).unwrap().to_bytes().unwrap();
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        assert!(Manifest::parse(&changed).is_err(), "{place}");
        assert!(Manifest::parse(&bytes[..place]).is_err() || place + 1 == bytes.len());
    }
}

#[test]
fn sizes_that_do_not_fit_are_no_panic() {
    let mut broken = manifest(|_| {}).unwrap();
    broken.files[0].bytes = u64::MAX;
    assert!(Manifest::parse(&broken.to_bytes().unwrap()).is_err());
}

#[test]
fn links_stay_inside_only_where_no_other_link_can_lead_them_out() {
    for (path, target) in [
        ("a", "b"),
        ("a/b", "../c"),
        ("a/b", ".."),
        ("a", "."),
        ("a", "b/c"),
    ] {
        assert!(stays_inside(path, target), "{path} {target}");
    }
    for (path, target) in [
        ("a", ".."),
        ("a", "../b"),
        ("a/b", "../../c"),
        ("a", "b/../../c"),
        ("a/b", "x/.."),
        ("a", "/b"),
        ("a", ""),
    ] {
        assert!(!stays_inside(path, target), "{path} {target}");
    }
}
