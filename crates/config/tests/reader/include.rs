//! Files that include files.

use std::io::ErrorKind;
use std::path::PathBuf;

use super::world::{MAIN, World, line, note};

fn outcome(world: &World) -> (String, Vec<String>) {
    let read = world.read();
    (line(&read.root), read.notes.iter().map(note).collect())
}

#[test]
fn each_form_of_include_reads_a_file_beside_the_including_one() {
    let forms = [
        "a { include \"sub/u.conf\" }",
        "a { include 'sub/u.conf' }",
        "a { include file(\"sub/u.conf\") }",
        "a { include required( file( \"sub/u.conf\" ) ) }",
        "a { include required(\"sub/u.conf\") }",
        "a {include \"/etc/sub/u.conf\"}",
        "a = {include \"sub/u.conf\"}",
        "a { include \"sub/u.conf\", }",
        "a.b = 1\na { include \"sub/u.conf\" }",
    ];
    for form in forms {
        let world = World::new(form).file("/etc/sub/u.conf", "b = 1\ninclude \"v.conf\"");
        let world = world.file("/etc/sub/v.conf", "{ c = 2 }");
        let read = world.read();
        assert_eq!(line(&read.root), "{a: {b: 1, c: 2}}", "{form}");
        assert!(!read.notes.has_errors() && read.missing.is_empty(), "{form}");
        let files: Vec<PathBuf> = [MAIN, "/etc/sub/u.conf", "/etc/sub/v.conf"].map(Into::into).into();
        assert_eq!(read.files, files, "{form}");
    }
}

#[test]
fn what_is_included_stands_where_the_include_does() {
    let world = World::new("a = 1\ninclude \"u.conf\"\nb = 3").file("/etc/u.conf", "a = 2\nb = 2");
    let warnings = [
        "warning 2:1 `b` is set twice: the last one counts",
        "warning 3:1 `b` is set twice: the last one counts (see 1:2:1)",
        "warning 1:1:1 `a` is set twice: the last one counts (see 1:1)",
    ];
    assert_eq!(
        outcome(&world),
        ("{a: 2, b: 3}".to_owned(), warnings[1..].iter().map(|text| (*text).to_owned()).collect())
    );
}

#[test]
fn a_missing_file_is_a_warning_with_the_keys_that_lack_it() {
    let read =
        World::new("auth { password = {include \"u.conf\"}\n acl.rules = [{ include \"r\" }] }").read();
    assert_eq!(line(&read.root), "{auth: {password: {}, acl: {rules: [{}]}}}");
    let notes: Vec<_> = read.notes.iter().map(note).collect();
    assert_eq!(notes, ["warning 1:20 `u.conf` is not there", "warning 2:17 `r` is not there"]);
    let missing: Vec<_> =
        read.missing.iter().map(|missing| (missing.path.clone(), missing.within.join("."))).collect();
    let expected =
        [("/etc/u.conf".into(), "auth.password".to_owned()), ("/etc/r".into(), "auth.acl.rules".to_owned())];
    assert_eq!(missing, expected);
    assert!(read.missing.iter().all(|missing| missing.is_within("AUTH") && !missing.is_within("mqtt")));
}

#[test]
fn a_missing_file_of_the_root_may_hold_any_key() {
    let read = World::new("include \"u.conf\"").read();
    assert!(read.missing.iter().all(|missing| missing.within.is_empty() && missing.is_within("auth")));
    assert_eq!(read.missing.len(), 1);
}

#[test]
fn a_reference_takes_what_is_missing_with_it() {
    let copies = [
        ("x { include \"u\" }\nauth.password = ${x}", "auth.password"),
        ("x.y { include \"u\" }\nauth.a = ${x}", "auth.a.y"),
        ("x { include \"u\" }\nauth.password = ${?x.y}", "auth.password"),
        ("x { include \"u\" }\nauth { a = [${x}] }", "auth.a"),
        ("x { include \"u\" }\nauth.a = {b = 1} ${x}", "auth.a"),
    ];
    for (text, within) in copies {
        let read = World::new(text).read();
        assert!(!read.notes.has_errors(), "{text}");
        let found: Vec<_> = read.missing.iter().map(|missing| missing.within.join(".")).collect();
        assert!(found.contains(&within.to_owned()) && found.len() == 2, "{text}: {found:?}");
    }
    let read = World::new("x { include \"u\" }\nauth.a = ${?NAME}").read();
    assert_eq!(read.missing.len(), 1);
}

#[test]
fn what_cannot_be_included_is_an_error() {
    let cases = [
        ("include required(\"n\")", "error 1:1 `n` is not there"),
        ("a {include required(file(\"n\"))}", "error 1:4 `n` is not there"),
        ("include \"utf16\"", "error 1:1 `utf16` is not UTF-8"),
        ("include \"locked\"", "error 1:1 `locked` cannot be read: permission denied"),
        ("include \"vouchmq.conf\"", "error 1:1 `vouchmq.conf` includes itself"),
        ("include \"b\"", "error 1:1:1 `c` includes itself"),
        ("include \"\"", "error 1:1 the file to include has no name"),
        ("include required(\"b\"", "error 1:21 a `)` is missing behind the file to include"),
        ("include = 1", "error 1:1 `include` is followed by a file in quotes: `include \"users.conf\"`"),
        (
            "include users.conf",
            "error 1:1 `include` is followed by a file in quotes: `include \"users.conf\"`",
        ),
        ("include ${X}", "error 1:1 `include` is followed by a file in quotes: `include \"users.conf\"`"),
        (
            "include url(\"b\")",
            "error 1:1 `include` is followed by a file in quotes: `include \"users.conf\"`",
        ),
        ("include \"bad\"", "error 1:2:1 `b` has no value"),
    ];
    for (text, error) in cases {
        let world = World::new(text)
            .unreadable("/etc/utf16", ErrorKind::InvalidData)
            .unreadable("/etc/locked", ErrorKind::PermissionDenied)
            .file("/etc/b", "include \"c\"")
            .file("/etc/c", "include \"c\"")
            .file("/etc/bad", "a = 1\nb");
        let error = error.replace("1:1:1 `c`", "2:1:1 `c`");
        assert_eq!(outcome(&world).1, [error], "{text}");
    }
}

#[test]
fn the_file_itself_is_there_and_is_text() {
    let notes = |world: World| outcome(&world);
    let empty = |text: &str| ("{}".to_owned(), vec![text.to_owned()]);
    assert_eq!(notes(World::default()), empty("error 1:1 there is no such file"));
    let world = World::default().unreadable(MAIN, ErrorKind::InvalidData);
    assert_eq!(notes(world), empty("error 1:1 the file is not UTF-8"));
    let world = World::default().unreadable(MAIN, ErrorKind::PermissionDenied);
    assert_eq!(notes(world), empty("error 1:1 the file cannot be read: permission denied"));
}

/// The reader asks for text; whoever reads the disk decides how.
#[test]
fn files_of_a_disk_include_each_other() {
    struct Disk;
    impl vouchmq_config::hocon::Sources for Disk {
        fn read(&self, path: &std::path::Path) -> std::io::Result<String> {
            std::fs::read_to_string(path)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("conf.d")).unwrap();
    let main = folder.path().join("main.conf");
    std::fs::write(&main, "include \"conf.d/a.conf\"\nlost { include \"conf.d/none.conf\" }").unwrap();
    std::fs::write(folder.path().join("conf.d/a.conf"), "a = 1\ninclude \"../b.conf\"").unwrap();
    std::fs::write(folder.path().join("b.conf"), "b { include \"latin1.conf\" }").unwrap();
    std::fs::write(folder.path().join("latin1.conf"), b"c = \"\xe4\"").unwrap();
    let read = vouchmq_config::hocon::read(&main, &Disk, &|_| None);
    assert_eq!(line(&read.root), "{a: 1, b: {}, lost: {}}");
    let notes: Vec<_> = read.notes.iter().map(note).collect();
    assert_eq!(
        notes,
        ["warning 2:8 `conf.d/none.conf` is not there", "error 2:1:5 `latin1.conf` is not UTF-8"]
    );
    assert_eq!(read.files.len(), 3);
}
