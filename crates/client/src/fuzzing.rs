//! What a fuzz target calls: it takes any bytes, and fails by an assertion. Ordinary tests call it, too.

use std::time::Duration;

use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use vouchmq_identity::UnixMillis;
use vouchmq_identity::acl::Said;
use vouchmq_tls::ClientOptions;

use crate::remote::answer::{self, LoginAnswer};
use crate::remote::options::{AnswerMode, Content, RequestMethod, RequestOptions};
use crate::remote::template::{Occasion, RequestTemplate};
use crate::remote::values::Values;
use crate::transport::Answer;

const JSON: &str = "application/json";
const BODY: &str = r#"{"c":"${clientid}","u":"<${username}>","p":"${password_b64}"}"#;

/// All that strangers say on the way to an authentication service, and all that one may answer: clients cannot change
/// a request, templates are parsed or refused, and no answer lets in that does not say so.
pub fn remote(data: &[u8]) {
    let Some((cut, data)) = data.split_first() else { return };
    let (one, other) = data.split_at(usize::from(*cut).min(data.len()));
    client(one, other);
    template(one, other);
    answered(data);
}

fn client(one: &[u8], other: &[u8]) {
    let (client_id, username) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    let values =
        Values { client_id: &client_id, username: Some(&username), password: Some(one), ..Values::default() };
    let json = parsed("http://h/", &[("content-type", JSON)], Content::Body(BODY.into()));
    let question = json.and_then(|template| template.render(&values).ok());
    let read = question.and_then(|question| serde_json::from_slice::<serde_json::Value>(&question.body).ok());
    let of = |name: &str| read.as_ref()?.get(name)?.as_str();
    assert_eq!(of("c"), Some(&*client_id), "the service reads the Client Identifier");
    assert_eq!(of("u"), Some(&*format!("<{username}>")), "the service reads the User Name");

    let Some(template) =
        parsed("http://h/a/${username}/b?c=${clientid}", &[("x", "${username}")], Content::Nothing)
    else {
        return;
    };
    if let Ok(question) = template.render(&values) {
        assert_eq!(question.targets.len(), 1, "one URL, one target");
        let Some(target) = question.targets.first() else { return };
        assert_eq!(target.path().split('/').count(), 4, "a name is one segment");
        assert_eq!(
            target.query().map(|query| query.split(['&', '=']).count()),
            Some(2),
            "a name is one value"
        );
        assert_eq!(question.headers.len(), 2, "a name is one header field");
    }
}

/// Templates are the operator's; whatever they are, no value is shown that is secret.
fn template(one: &[u8], other: &[u8]) {
    const SECRET: &str = "hunter2hunter2";
    let (Ok(url), Ok(text)) = (str::from_utf8(one), str::from_utf8(other)) else { return };
    if url.contains(SECRET) || text.contains(SECRET) {
        return;
    }
    let values = Values { client_id: "c", password: Some(SECRET.as_bytes()), ..Values::default() };
    let params = Content::Params(vec![("p".into(), text.into())]);
    for (url, headers, content) in [
        (url, &[][..], Content::Body(text.into())),
        ("http://h/", &[("content-type", JSON)], Content::Body(text.into())),
        ("http://h/", &[("content-type", "application/x-www-form-urlencoded")], Content::Body(text.into())),
        ("http://h/", &[("x", text)], params),
    ] {
        if let Some(template) = parsed(url, headers, content) {
            assert!(!template.shown(&values).contains(SECRET), "the password is not shown");
            drop(template.render(&values));
        }
    }
}

fn answered(data: &[u8]) {
    let says = data.windows(5).any(|part| part == b"allow") || data.contains(&b'\\') || data.contains(&b'%');
    for media_type in [JSON, "application/x-www-form-urlencoded"] {
        let answer = Answer {
            server: 0,
            status: StatusCode::OK,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]),
            body: Bytes::copy_from_slice(data),
            took: Duration::ZERO,
        };
        let login = answer::login(&AnswerMode::Json, &answer, UnixMillis::new(0));
        let permission = answer::permission(&AnswerMode::Json, &answer);
        let allows = matches!(login, Ok(LoginAnswer::Allow(_))) || matches!(permission, Ok(Said::Allow));
        assert!(says || !allows, "who does not say allow, allows nothing");
    }
}

fn parsed(url: &str, headers: &[(&str, &str)], content: Content) -> Option<RequestTemplate> {
    let options = RequestOptions {
        urls: vec![url.into()],
        method: RequestMethod::Post,
        headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        content,
        tls: ClientOptions::default(),
    };
    RequestTemplate::parse(&options, Occasion::Connect).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_bytes_change_a_request_or_allow_anything() {
        arbtest::arbtest(|u| {
            super::remote(&u.arbitrary::<Vec<u8>>()?);
            Ok(())
        });
    }

    #[test]
    fn the_corpus_changes_nothing_either() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/remote");
        let files = std::fs::read_dir(corpus).expect("a corpus");
        let inputs: Vec<_> = files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        assert!(!inputs.is_empty());
        inputs.iter().for_each(|input| super::remote(input));
    }
}
