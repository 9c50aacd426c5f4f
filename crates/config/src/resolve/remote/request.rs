//! One kind of request: where it goes, and what it says.

use vouchmq_client::remote::options::{Content, RequestMethod, RequestOptions, Template};

use super::super::{Resolver, Section};
use super::is_on;
use crate::tree::{Entry, Node};

/// Names of header fields that are written by whoever sends the request.
const OURS: [&str; 9] = [
    "host",
    "content-length",
    "content-digest",
    "connection",
    "keep-alive",
    "transfer-encoding",
    "upgrade",
    "signature",
    "signature-input",
];
/// What stands for the password.
const PASSWORDS: [&str; 2] = ["%P", "${password"];

impl<'a> Resolver<'a> {
    pub(super) fn request(&mut self, section: &Section<'a>, name: &str) -> Option<RequestOptions> {
        let request = self.section(&section.key(name))?;
        if let Some(enable) = request.get("enable").filter(|_| !is_on(request.node)) {
            let text = format!("{}: it is not asked; NanoMQ asks all the same", request.key("enable"));
            self.warn(enable.place, text, "take the block out, and it is asked by neither");
            return None;
        }
        let method = self.method(&request);
        let urls = self.urls(&request);
        let headers = self.headers(&request);
        let content = self.content(&request, method)?;
        let is_in_url = |text: &str| text.contains(PASSWORDS[1]);
        let is_in_query = match &content {
            Content::Params(params) if method == RequestMethod::Get => params
                .iter()
                .any(|(_, value)| PASSWORDS.iter().any(|password| value.text().contains(password))),
            Content::Params(_) | Content::Body(_) | Content::Nothing => false,
        };
        if is_in_query || urls.iter().any(|url| is_in_url(url)) {
            let text =
                format!("{}: the password is in the URL, which servers write into their logs", request.path);
            self.warn(request.node.place, text, "write method = post, and the password into params or body");
        }
        let has_tls = urls.iter().any(|url| url.starts_with("https:"));
        let tls = self.outgoing_tls(&request, has_tls);
        if urls.is_empty() {
            return None;
        }
        Some(RequestOptions { urls, method, headers, content, tls })
    }

    fn method(&mut self, request: &Section<'a>) -> RequestMethod {
        let Some(node) = request.get("method") else {
            let text =
                format!("{}: it is POST, as none is said; NanoMQ does not start so", request.key("method"));
            self.warn(request.node.place, text, "write method = post");
            return RequestMethod::Post;
        };
        match node.text().unwrap_or_default() {
            get if get.eq_ignore_ascii_case("get") => RequestMethod::Get,
            put if put.eq_ignore_ascii_case("put") => RequestMethod::Put,
            _ => RequestMethod::Post,
        }
    }

    fn urls(&mut self, request: &Section<'a>) -> Vec<Box<str>> {
        let (one, more) = (request.get("url"), request.get("urls"));
        if one.is_none() && more.and_then(Node::list).is_none_or(<[_]>::is_empty) {
            let text = format!("{}: it does not say where to ask", request.key("url"));
            self.error(request.node.place, text, "write url = \"http://HOST:PORT/PATH\"");
        }
        let more = more.and_then(Node::list).unwrap_or_default();
        let all = one.map(|node| ("url", node)).into_iter().chain(more.iter().map(|node| ("urls", node)));
        let mut urls: Vec<Box<str>> = Vec::new();
        for (key, node) in all {
            let key = request.key(key);
            if self.service(node, &key).is_none() {
                continue;
            }
            let url = Box::from(node.text().unwrap_or_default());
            if urls.contains(&url) {
                self.error(node.place, format!("{key}: it stands there twice"), "name each server once");
            }
            urls.push(url);
        }
        urls
    }

    fn headers(&mut self, request: &Section<'a>) -> Vec<(Box<str>, Template)> {
        let mut headers: Vec<(Box<str>, Template)> = Vec::new();
        for (entry, value) in texts(request.get("headers")) {
            let key = request.key("headers");
            let name = entry.key.escape_debug();
            if !is_field_name(&entry.key) {
                self.error(
                    entry.place,
                    format!("{key}: '{name}' is no name of a header field"),
                    "see RFC 9110 §5.1",
                );
            } else if OURS.iter().any(|ours| entry.key.eq_ignore_ascii_case(ours)) {
                self.error(entry.place, format!("{key}: '{name}' is written by the broker"), "take it out");
            } else if headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(&entry.key)) {
                self.error(entry.place, format!("{key}: '{name}' stands there twice"), "write it once");
            }
            if value.contains(char::is_control) {
                let text = format!("{key}: there is a control character in the value of '{name}'");
                self.error(entry.place, text, "write it on one line");
            }
            headers.push((entry.key.clone(), Template::from(value)));
        }
        headers
    }

    fn content(&mut self, request: &Section<'a>, method: RequestMethod) -> Option<Content> {
        let (params, body) = (request.get("params"), request.get("body"));
        if let (Some(_), Some(body)) = (params, body) {
            let text = format!("{}: there are params, too", request.key("body"));
            self.error(body.place, text, "take one of the two out");
            return None;
        }
        if let Some(text) = body.and_then(Node::text) {
            if method == RequestMethod::Get {
                let told = format!("{}: GET has no body", request.key("body"));
                self.error(request.node.place, told, "write method = post, or params in place of body");
            }
            return Some(Content::Body(Template::from(text)));
        }
        let (key, node) = if params.is_some() { ("params", params) } else { ("body", body) };
        let Some(block) = node else { return Some(Content::Nothing) };
        if key == "params" {
            self.compare_params(request, block);
        }
        let params = texts(node).map(|(entry, value)| (entry.key.clone(), Template::from(value)));
        Some(Content::Params(params.collect()))
    }

    /// Tells what NanoMQ does not send.
    fn compare_params(&mut self, request: &Section<'a>, params: &'a Node) {
        if request.get("headers").and_then(Node::map).is_none_or(<[_]>::is_empty) {
            let text = format!(
                "{}: they are sent; without headers NanoMQ sends none of them",
                request.key("params")
            );
            self.warn(
                params.place,
                text,
                "write headers.content-type = \"application/x-www-form-urlencoded\"",
            );
        }
        for (entry, value) in texts(Some(params)) {
            let is_placeholder = value
                .strip_prefix('%')
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
            if !is_placeholder {
                let text = format!(
                    "{}.{}: it is sent; NanoMQ sends nothing that does not begin with % and a letter",
                    request.key("params"),
                    entry.key.escape_debug()
                );
                self.warn(entry.place, text, "take it out if the service is not to see it");
            }
        }
    }
}

/// The members of a block that are texts.
fn texts(block: Option<&Node>) -> impl Iterator<Item = (&Entry, &str)> {
    let entries = block.and_then(Node::map).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry, entry.node.text()?)))
}

/// A token (RFC 9110 §5.6.2).
fn is_field_name(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
}
