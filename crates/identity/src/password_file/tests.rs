use super::*;
use crate::{HashPart, HashScheme};

const HASH_FAULT: HashFault = HashFault::Malformed { scheme: HashScheme::Argon2id, part: HashPart::Hash };
const ALICE: &str =
    "alice:$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$b3RoZXJzYWx0$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

fn parse(text: &str) -> Result<PasswordFile, PasswordFileFault> {
    PasswordFile::parse(text, Path::new("conf/users"))
}

fn names(file: &PasswordFile) -> Vec<&str> {
    file.users().map(|(name, _)| name).collect()
}

#[test]
fn an_empty_file_knows_nobody() {
    for text in ["", "\n", "# nobody yet\n\n  \n"] {
        let file = parse(text).unwrap();
        assert_eq!(names(&file), [""; 0]);
        assert!(file.hash("").is_none() && file.hash("# nobody yet").is_none());
    }
}

#[test]
fn reads_users_comments_and_blank_lines_of_both_systems() {
    for end in ["\n", "\r\n"] {
        let text = ["# users", "", ALICE, &format!("bob of sales@x.org:{HASH}"), "# end"].join(end);
        let file = parse(&text).unwrap();
        assert_eq!(names(&file), ["alice", "bob of sales@x.org"]);
        assert_eq!(file.hash("bob of sales@x.org").unwrap().to_string(), HASH);
        assert!(file.hash("Alice").is_none());
    }
}

/// CVE-2018-12551: a malformed line must not become a user, nor let the others in.
#[test]
fn one_bad_line_refuses_the_file_and_is_named() {
    let cases = [
        ("bob", LineFault::NoColon),
        ("hunter2 is my password", LineFault::NoColon),
        (" # an indented comment", LineFault::NoColon),
        (":", LineFault::UserName(UserNameFault::Empty)),
        ("bob:", LineFault::Hash(HashFault::UnknownScheme)),
        ("bob:hunter2", LineFault::Hash(HashFault::UnknownScheme)),
        ("bob:$7$101$c2FsdA==$aGFzaA==", LineFault::Hash(HashFault::UnknownScheme)),
        (&format!("bob:{HASH} "), LineFault::Hash(HASH_FAULT)),
        (&format!("bob:{HASH}:x"), LineFault::Hash(HASH_FAULT)),
        (&format!(" bob:{HASH}"), LineFault::UserName(UserNameFault::Edge)),
        (&format!("bob :{HASH}"), LineFault::UserName(UserNameFault::Edge)),
        (&format!("b\tob:{HASH}"), LineFault::UserName(UserNameFault::Character)),
        (&format!("\u{feff}bob:{HASH}"), LineFault::UserName(UserNameFault::Character)),
        (&format!("{}:{HASH}", "x".repeat(257)), LineFault::UserName(UserNameFault::TooLong)),
        (&format!("alice:{HASH}"), LineFault::Duplicate { name: "alice".into(), first: 2 }),
    ];
    for (line, fault) in cases {
        let text = format!("# users\n{ALICE}\n\n{line}\ncarol:{HASH}\n");
        let refused = parse(&text).unwrap_err();
        assert_eq!((refused.line, &refused.fault), (4, &fault), "{line}");
        let shown = format!("{refused} {refused:?}");
        assert!(shown.starts_with("conf/users:4: "), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("c29tZXNhbHQ"), "{shown}");
    }
    let text = parse(&format!("{ALICE}\nbob:x")).unwrap_err().to_string();
    assert_eq!(
        text,
        "conf/users:2: not a password hash: it begins with none of $argon2id$, $2b$, $pbkdf2-sha256$, \
         $pbkdf2-sha512$, $sha256$ and $sha512$"
    );
}

#[test]
fn editing_keeps_comments_and_order() {
    let text = format!("# users\n\n{ALICE}\n# old\nbob:{HASH}\n");
    let mut file = parse(&text).unwrap();
    assert_eq!(file.to_string(), text);

    let hash: PasswordHash = HASH.parse().unwrap();
    assert_eq!(file.set("alice", hash.clone()), Ok(Change::Replaced));
    assert_eq!(file.set("carol", hash.clone()), Ok(Change::Added));
    assert_eq!(file.to_string(), format!("# users\n\nalice:{HASH}\n# old\nbob:{HASH}\ncarol:{HASH}\n"));

    assert_eq!(file.delete("alice").map(|hash| hash.to_string()).as_deref(), Some(HASH));
    assert!(file.delete("alice").is_none());
    assert_eq!(file.set("bob", hash.clone()), Ok(Change::Replaced));
    assert_eq!(file.set("carol", hash.clone()), Ok(Change::Replaced));
    let text = format!("# users\n\n# old\nbob:{HASH}\ncarol:{HASH}\n");
    assert_eq!(file.to_string(), text);
    assert_eq!(parse(&text).unwrap().to_string(), text);

    for name in ["", "a:b", "#a", " a", "a\n", "a\0"] {
        assert!(file.set(name, hash.clone()).is_err(), "{name:?}");
    }
    assert_eq!(file.to_string(), text);
}

#[test]
fn deleting_a_user_leaves_the_others_where_they_are() {
    let names = ["a", "b", "c", "d"];
    for gone in names {
        let mut file = PasswordFile::default();
        for (name, salt) in names.iter().zip(["YWFhYWFhYWE", "YmJiYmJiYmI", "Y2NjY2NjY2M", "ZGRkZGRkZGQ"]) {
            file.set(name, HASH.replace("b3RoZXJzYWx0", salt).parse().unwrap()).unwrap();
        }
        let before: Vec<_> = names.iter().map(|name| file.hash(name).unwrap().to_string()).collect();
        file.delete(gone).unwrap();
        for (name, hash) in names.iter().zip(before) {
            let expected = Some(hash).filter(|_| *name != gone);
            assert_eq!(file.hash(name).map(PasswordHash::to_string), expected, "{gone} {name}");
        }
    }
}

#[test]
fn a_name_that_was_accepted_is_read_back() {
    let hash: PasswordHash = HASH.parse().unwrap();
    for name in ["a", "a b", "$argon2id$", "a#", "Ünï🦀", "a\u{200b}", "\\", "\"", "+/#/x"] {
        let mut file = PasswordFile::default();
        file.set(name, hash.clone()).unwrap();
        assert_eq!(names(&parse(&file.to_string()).unwrap()), [name]);
    }
}

#[test]
fn debug_shows_names_only() {
    let shown = format!("{:?}", parse(&format!("#{ALICE}\nbob:{HASH}\n")).unwrap());
    assert_eq!(shown, r#"PasswordFile { users: ["bob"], .. }"#);
}
