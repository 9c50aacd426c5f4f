//! Nothing that is read takes more than its size is worth.

use vouchmq_config::hocon::{DEPTH_MAX, FILE_SIZE_MAX, FILES_MAX, INCLUDE_DEPTH_MAX, Value};

use super::world::{World, line, note, outcome};

#[test]
fn maps_and_lists_stand_so_deep_in_each_other_and_no_deeper() {
    for (open, close) in [("a {", "}"), ("a = [", "]"), ("a = {", "}")] {
        let inner = if open.ends_with('[') { "[" } else { open };
        let text =
            |depth: usize| format!("{open}{}{}{close}", inner.repeat(depth - 1), close.repeat(depth - 1));
        assert_eq!(outcome(&text(DEPTH_MAX)).1, Vec::<String>::new(), "{open}");
        let notes = outcome(&text(DEPTH_MAX + 1)).1;
        assert!(notes.len() == 1 && notes[0].contains("deep in each other"), "{open}: {notes:?}");
        let notes = outcome(&text(100_000)).1;
        assert!(notes.len() == 1 && notes[0].contains("deep in each other"), "{open}: {notes:?}");
    }
    let key = |depth: usize| format!("{} = 1", vec!["a"; depth].join("."));
    assert_eq!(outcome(&key(DEPTH_MAX)).1, Vec::<String>::new());
    assert_eq!(outcome(&key(DEPTH_MAX + 1)).1.len(), 1);
    assert_eq!(outcome(&key(100_000)).1.len(), 1);
}

#[test]
fn files_have_a_size() {
    let read = |bytes: usize| outcome(&format!("a = 1{}", " ".repeat(bytes - 5)));
    assert_eq!(read(FILE_SIZE_MAX), ("{a: 1}".to_owned(), Vec::new()));
    let error = format!("error 1:1 the file has {} bytes: more than {FILE_SIZE_MAX}", FILE_SIZE_MAX + 1);
    assert_eq!(read(FILE_SIZE_MAX + 1), ("{}".to_owned(), vec![error]));
}

#[test]
fn files_include_files_so_deep_and_no_deeper() {
    let world = (0..=INCLUDE_DEPTH_MAX + 1).fold(World::new("include \"0\""), |world, number| {
        world.file(&format!("/etc/{number}"), &format!("k{number} = 1\ninclude \"{}\"", number + 1))
    });
    let read = world.read();
    let notes: Vec<_> = read.notes.iter().map(note).collect();
    assert_eq!(notes, [format!("error 10:2:1 files include files more than {INCLUDE_DEPTH_MAX} deep")]);
    assert_eq!(read.root.as_map().unwrap().len(), INCLUDE_DEPTH_MAX);
}

/// One that includes the next one twenty times, eight deep, would be thousands of millions of files.
#[test]
fn so_many_files_are_read_and_no_more() {
    let world = (0..8).fold(World::new("include \"0\""), |world, number| {
        world.file(&format!("/etc/{number}"), &format!("include \"{}\"\n", number + 1).repeat(20))
    });
    let read = world.file("/etc/8", "a = 1").read();
    assert!(read.notes.has_errors());
    let is_told =
        read.notes.iter().any(|note| note.text == format!("more than {FILES_MAX} files are included"));
    assert!(is_told && read.files.len() <= FILES_MAX);
}

#[test]
fn references_copy_so_much_and_no_more() {
    let mut text = "a0 = [1, 1]\n".to_owned();
    let mut word = "w0 = aaaa\n".to_owned();
    for at in 1..32 {
        text += &format!("a{at} = [${{a{}}}, ${{a{}}}]\n", at - 1, at - 1);
        word += &format!("w{at} = ${{w{}}}${{w{}}}\n", at - 1, at - 1);
    }
    for text in [text, word] {
        let notes = outcome(&text).1;
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].contains("references copy too much"), "{notes:?}");
    }
}

/// Forty doublings; what is kept in memory meanwhile takes some hundred bytes for each value.
#[test]
fn references_make_so_many_values_and_no_more() {
    let doubled = |times: usize| {
        let lines =
            (1..=times).map(|at| format!("a{at} = {{ l = ${{a{}}}, r = ${{a{}}} }}\n", at - 1, at - 1));
        World::new(&format!("a0 = {{ x = 1 }}\n{}", lines.collect::<String>())).read()
    };
    assert!(!doubled(12).notes.has_errors(), "some ten thousand");
    let read = doubled(40);
    assert!(read.notes.iter().any(|note| note.text == "references copy too much"));
    assert!(count(&read.root) < 100_000, "{}", count(&read.root));
}

fn count(value: &Value) -> usize {
    let below = value.as_map().map_or(0, |map| map.iter().map(|member| count(&member.value)).sum());
    below + 1
}

/// A name in a map that has to be put together first costs the whole map, each time.
#[test]
fn what_is_looked_up_and_merged_is_counted() {
    let members = |name: &str| (0..1_000).map(|at| format!("{name}{at} = {at}\n")).collect::<String>();
    let looked_up = (0..10_000).map(|at| format!("l{at} = ${{x.k{}}}\n", at % 1_000)).collect::<String>();
    let layers = "y = ${x}\ny { z = 1 }\n".repeat(5_000);
    let joined = (0..5_000).map(|at| format!("j{at} = ${{x}} ${{x}}\n")).collect::<String>();
    for text in [looked_up, layers, joined] {
        let read = World::new(&format!("x = ${{?E}}\nx {{\n{}}}\n{text}", members("k"))).read();
        let told = read.notes.iter().filter(|note| note.text.contains("references copy too much")).count();
        assert_eq!((read.notes.errors(), told), (1, 1));
    }
}

#[test]
fn references_lead_so_far_and_no_further() {
    let chain =
        |length: usize| (1..=length).map(|at| format!("a{at} = ${{a{}}}\n", at - 1)).collect::<String>();
    assert_eq!(outcome(&format!("a0 = 1\n{}", chain(32))).1, Vec::<String>::new());
    let notes = outcome(&format!("a0 = 1\n{}", chain(50_000))).1;
    assert!(!notes.is_empty() && notes.iter().all(|note| note.contains("lead from one to the next")));
}

/// A warning for each line does not hide the error of the last one.
#[test]
fn notes_have_a_bound_and_errors_one_of_their_own() {
    let read = World::new(&format!("{}a = ;", "a = 1\n".repeat(5_000))).read();
    assert_eq!((read.notes.errors(), read.notes.warnings()), (1, 4_999));
    assert_eq!((read.notes.iter().len(), read.notes.dropped()), (201, 4_799));
    assert_eq!(line(&read.root), "{a: 1}");
}

/// Texts that take time when anything is looked at more than a few times.
#[test]
fn hostile_files_are_read_in_one_go() {
    let full = |unit: &str| unit.repeat(FILE_SIZE_MAX / unit.len());
    let numbered = |unit: fn(usize) -> String| (0..30_000).map(unit).collect::<String>();
    let texts = [
        full("a"),
        full("\""),
        full("'"),
        full("\"\"\"\n"),
        full("a='\n"),
        full("a=\n"),
        full("/*"),
        full("a{"),
        full("["),
        full("a=["),
        full("a=[::"),
        full("}"),
        full("]"),
        full(","),
        full("a.b.c.d=1\n"),
        full("${a}"),
        full("a=${?b}\na{c=1}\n"),
        full("a+=1\n"),
        full("a=[${?a}"),
        full("include \"x\"\n"),
        full("a=\"\\"),
        full("a = http://"),
        full("a:"),
        full("a="),
        full("a{b=1}"),
        full("a=${?a}\n"),
        full("a=\"\\u1234\"\n"),
        numbered(|at| format!("k{at} = {at}\n")),
        numbered(|at| format!("k.k{at} = {at}\n")),
        numbered(|at| format!("k = ${{?x}}\nk.k.k{at} = {at}\n")),
        numbered(|at| format!("k{at} = ${{?k{}}}\n", at / 2)),
    ];
    for text in texts {
        let read = World::new(&text).read();
        assert!(read.root.as_map().is_some());
    }
}
