use super::*;

fn fault(options: &RequestOptions) -> TemplateFault {
    RequestTemplate::parse(options, Occasion::Connect).unwrap_err()
}

#[test]
fn what_is_wrong_with_a_template_is_told_with_its_place() {
    let at_url = || Part::Url(1);
    let param = || Part::Param("x".into());
    let header = |name: &str| Part::Header(name.into());
    let unknown = |name: &str| Fault::Unknown { name: name.into() };
    let one = |value: &str| post(&[], params(&[("x", value)]));
    let json = |text: &str| post(&[JSON], body(text));
    let cases = [
        (get("ftp://h/"), at_url(), Fault::Scheme),
        (get("/mqtt/auth"), at_url(), Fault::Scheme),
        (get("http:///a"), at_url(), Fault::Authority),
        (get("http://${clientid}/a"), at_url(), Fault::Authority),
        (get("http://h:0/a"), at_url(), Fault::Authority),
        (get("http://h:+1/a"), at_url(), Fault::Authority),
        (get("http://user:secret@h/a"), at_url(), Fault::Authority),
        (get("http://[::g]/a"), at_url(), Fault::Authority),
        (get("http://h/a#b"), at_url(), Fault::Fragment),
        (get("http://h/a b"), at_url(), Fault::UrlCharacter),
        (get("http://h/%u"), at_url(), Fault::UrlCharacter),
        (get("http://h/?a=ä"), at_url(), Fault::UrlCharacter),
        (get("http://h/${username"), at_url(), Fault::NotClosed),
        (get("http://h/${user}"), at_url(), unknown("user")),
        (get("http://h/${topic}"), at_url(), Fault::NotAtConnect { name: "${topic}".into() }),
        (one("%t"), param(), Fault::NotAtConnect { name: "%t".into() }),
        (one("%N"), param(), Fault::UnknownLetter { letter: 'N' }),
        (one("${clientId}"), param(), unknown("clientId")),
        (one("${a very strange thing, perhaps a secret}"), param(), unknown("..")),
        (post(&[], params(&[("x", "%u"), ("x", "%c")])), param(), Fault::Twice),
        (post(&[], params(&[("${username}", "%u")])), Part::Param("${username}".into()), Fault::NameVaries),
        (post(&[("a b", "x")], Content::Nothing), header("1"), Fault::HeaderName),
        (post(&[("x", "a\r\nb: c")], Content::Nothing), header("x"), Fault::HeaderValue),
        (post(&[("Host", "x")], Content::Nothing), header("host"), Fault::HeaderReserved),
        (post(&[("Content-Length", "1")], Content::Nothing), header("content-length"), Fault::HeaderReserved),
        (post(&[("x", "a"), ("X", "${username}")], Content::Nothing), header("x"), Fault::Twice),
        (
            post(&[("content-type", "${username}")], Content::Nothing),
            header("content-type"),
            Fault::ContentTypeVaries,
        ),
        (options(RequestMethod::Get, "http://h/", &[JSON], body(ARTICLE)), Part::Body, Fault::BodyOfGet),
        (post(&[], body("u=${username}")), Part::Body, Fault::NoContentType),
        (post(&[("content-type", "text/xml")], body("<u>${username}</u>")), Part::Body, Fault::ContentType),
        (json(r#"{"qos": ${qos}}"#), Part::Body, Fault::Json { line: 1, column: 9 }),
        (json("{} {}"), Part::Body, Fault::Json { line: 1, column: 4 }),
        (json(""), Part::Body, Fault::Json { line: 1, column: 0 }),
        (json(r#"{"a": 1, "a": 2}"#), Part::Body, Fault::Twice),
        (json(r#"{"${username}": 1}"#), Part::Body, Fault::NameVaries),
        (json(r#"{"a": "${b}"}"#), Part::Body, unknown("b")),
        (json(r#"{"a": "${qos}"}"#), Part::Body, Fault::NotAtConnect { name: "${qos}".into() }),
        (post(&[FORM], body("${username}=1")), Part::Body, Fault::NameVaries),
        (post(&[FORM], body("a=%zz")), Part::Body, Fault::Form),
    ];
    for (options, part, expected) in cases {
        let found = fault(&options);
        assert_eq!(found, TemplateFault { part, fault: expected });
        assert!(!found.to_string().contains("secret"), "{found}");
    }
}

#[test]
fn templates_and_their_members_are_bounded() {
    let long = "x".repeat(TEMPLATE_LEN_MAX + 1);
    let many: Vec<(String, &str)> = (0..=MEMBERS_MAX).map(|number| (number.to_string(), "%u")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (&**name, *value)).collect();
    let places = "${username}".repeat(MEMBERS_MAX + 1);
    let (too_long, too_many) =
        (Fault::TooLong { max: TEMPLATE_LEN_MAX }, Fault::TooMany { max: MEMBERS_MAX });
    let mut none = get("http://h/");
    none.urls.clear();
    let cases = [
        (none, Fault::NoUrl),
        (get(&format!("http://h/{long}")), too_long.clone()),
        (post(&[("x", &long)], Content::Nothing), too_long.clone()),
        (post(&[], params(&[("x", &long)])), too_long.clone()),
        (post(&[], body(&long)), too_long),
        (post(&many, Content::Nothing), too_many.clone()),
        (post(&[], params(&many)), too_many.clone()),
        (post(&[], body(&format!("[\"{places}\"]"))), too_many.clone()),
        (post(&[], body(&format!("[\"{}\"]", "${username}\",\"".repeat(MEMBERS_MAX + 1)))), too_many),
    ];
    for (options, expected) in cases {
        assert_eq!(fault(&options).fault, expected);
    }
    // Deeper than any stack.
    let deep = "[".repeat(50_000);
    assert!(matches!(fault(&post(&[JSON], body(&deep))).fault, Fault::Json { .. }));
}
