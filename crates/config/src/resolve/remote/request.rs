//! One kind of request: where it goes, and what it says.

use vouchmq_client::remote::options::{Content, RequestMethod, RequestOptions, Template};
use vouchmq_client::remote::template::{Occasion, Part, RequestTemplate, TemplateFault};
use vouchmq_client::transport::Origin;

use super::super::{Resolver, Section};
use super::is_on;
use crate::hocon::Place;
use crate::tree::{Entry, Node};

/// What stands for the password: in parameters, and anywhere.
const PASSWORDS: [&str; 2] = ["%P", "${password"];

impl<'a> Resolver<'a> {
    pub(super) fn request(&mut self, section: &Section<'a>, name: &str) -> Option<RequestOptions> {
        let request = self.section(&section.key(name))?;
        if let Some(enable) = request.get("enable").filter(|_| !is_on(request.node)) {
            let text = format!("{}: it is not asked; NanoMQ asks all the same", request.key("enable"));
            self.warn(enable.place, text, "take the block out, and it is asked by neither");
            return None;
        }
        let urls = urls(&request);
        if urls.is_empty() {
            let text = format!("{}: it does not say where to ask", request.key("url"));
            self.error(request.node.place, text, "write url = \"http://HOST:PORT/PATH\"");
            return None;
        }
        let method = self.method(&request);
        let content = self.content(&request)?;
        let headers = texts(request.get("headers")).map(template).collect();
        let has_tls = urls.iter().any(|(_, node)| node.text().is_some_and(|url| url.starts_with("https:")));
        let tls = self.outgoing_tls(&request, has_tls);
        let texts_of_urls = urls.iter().filter_map(|(_, node)| Some(node.text()?.into())).collect();
        let options = RequestOptions { urls: texts_of_urls, method, headers, content, tls };
        let occasion = if name == "acl_req" { Occasion::Action } else { Occasion::Connect };
        match RequestTemplate::parse(&options, occasion) {
            Ok(parsed) => self.look_at_servers(&urls, &request, &parsed),
            Err(fault) => self.tell_fault(&urls, &request, &fault),
        }
        self.doubt_request(&request, &options);
        Some(options)
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

    fn content(&mut self, request: &Section<'a>) -> Option<Content> {
        let (params, body) = (request.get("params"), request.get("body"));
        if let (Some(_), Some(body)) = (params, body) {
            let text = format!("{}: there are params, too", request.key("body"));
            self.error(body.place, text, "take one of the two out");
            return None;
        }
        if let Some(text) = body.and_then(Node::text) {
            return Some(Content::Body(Template::from(text)));
        }
        let Some(block) = params.or(body) else { return Some(Content::Nothing) };
        Some(Content::Params(texts(Some(block)).map(template).collect()))
    }

    fn look_at_servers(
        &mut self,
        urls: &[(&str, &'a Node)],
        request: &Section<'a>,
        parsed: &RequestTemplate,
    ) {
        let mut seen = Vec::new();
        for ((key, node), base) in urls.iter().zip(parsed.bases()) {
            let key = request.key(key);
            match base.parse::<Origin>() {
                Ok(origin) => self.warn_of_clear(&origin, node.place, &key),
                Err(fault) => self.notes.error(node.place, format!("{key}: {fault}")),
            }
            if seen.contains(&node.text()) {
                self.error(node.place, format!("{key}: it stands there twice"), "name each server once");
            }
            seen.push(node.text());
        }
    }

    fn tell_fault(&mut self, urls: &[(&str, &'a Node)], request: &Section<'a>, fault: &TemplateFault) {
        let (place, key) = place_of(urls, request, &fault.part);
        self.notes.error(place, format!("{key}: {}", fault.fault));
    }

    /// Tells what is sent otherwise than it looks.
    fn doubt_request(&mut self, request: &Section<'a>, options: &RequestOptions) {
        let is_in_query = match &options.content {
            Content::Params(params) if options.method == RequestMethod::Get => params
                .iter()
                .any(|(_, value)| PASSWORDS.iter().any(|password| value.text().contains(password))),
            Content::Params(_) | Content::Body(_) | Content::Nothing => false,
        };
        if is_in_query || options.urls.iter().any(|url| url.contains(PASSWORDS[1])) {
            let text =
                format!("{}: the password is in the URL, which servers write into their logs", request.path);
            self.warn(request.node.place, text, "write method = post, and the password into params or body");
        }
        let Some(params) = request.get("params") else { return };
        if options.headers.is_empty() {
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

/// Where it goes: the key, and what stands there.
fn urls<'a>(request: &Section<'a>) -> Vec<(&'static str, &'a Node)> {
    let more = request.list("urls").unwrap_or_default().iter().map(|node| ("urls", node));
    let all = request.get("url").map(|node| ("url", node)).into_iter().chain(more);
    all.filter(|(_, node)| node.text().is_some()).collect()
}

/// Where a part of a request stands, and its key.
fn place_of(urls: &[(&str, &Node)], request: &Section<'_>, part: &Part) -> (Place, String) {
    let member = |block: &str, is_it: &dyn Fn(usize, &Entry) -> bool| {
        let found = texts(request.get(block)).enumerate().find(|(index, (entry, _))| is_it(index + 1, entry));
        let (_, (entry, _)) = found?;
        Some((entry.place, format!("{}.{}", request.key(block), entry.key.escape_debug())))
    };
    let found = match part {
        Part::Request => None,
        Part::Url(number) => {
            urls.get(number.saturating_sub(1)).map(|(key, node)| (node.place, request.key(key)))
        }
        Part::Header(name) => member("headers", &|number, entry| {
            entry.key.eq_ignore_ascii_case(name) || number.to_string() == **name
        }),
        Part::Param(name) => {
            let is_it = |_: usize, entry: &Entry| entry.key == *name;
            member("params", &is_it).or_else(|| member("body", &is_it))
        }
        Part::Body => request.get("body").map(|node| (node.place, request.key("body"))),
    };
    found.unwrap_or_else(|| (request.node.place, request.path.clone()))
}

/// The members of a block that are texts.
fn texts(block: Option<&Node>) -> impl Iterator<Item = (&Entry, &str)> {
    let entries = block.and_then(Node::map).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry, entry.node.text()?)))
}

fn template((entry, value): (&Entry, &str)) -> (Box<str>, Template) {
    (entry.key.clone(), Template::from(value))
}
