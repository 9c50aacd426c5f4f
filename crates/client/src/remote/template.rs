//! Requests by template: what is written in the configuration, and what it is for one client.

use std::fmt::{self, Write as _};

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::PathAndQuery;

use super::options::{Content, RequestMethod, RequestOptions, Template};
use super::tells::Tells;
use super::values::Values;
use crate::transport::Question;
use content::{ContentTemplate, MediaType};
use header::{HeaderTemplate, Headers};
use json::JsonTemplate;
use placeholder::{Filling, Placeholder, Value};
use text::Pieces;
use url::UrlTemplate;

mod content;
mod fault;
mod header;
mod json;
mod percent;
mod placeholder;
mod secret;
mod text;
mod url;

#[cfg(test)]
mod tests;

pub use fault::{Fault, NotSayable, Part, TemplateFault, Unsayable};

/// A request whose values are not known yet.
///
/// Values are inserted once, and as what they stand in has them: no value is read again, and none ends the string, the
/// parameter, the segment of a path or the header field that it stands in.
///
/// | stands in | is written |
/// |---|---|
/// | a string of a JSON body | as the content of a JSON string; a password that is no UTF-8 needs `${password_b64}` |
/// | a form, a query, a path | each byte but `A-Z a-z 0-9 - _ . ~` as `%` and two digits, so any password survives |
/// | a path, as a whole segment | the same, and never as an empty one, `.` or `..` |
/// | a header field | as it is, if it is visible ASCII; beside other text without blanks, quotes, `,` and `;` |
/// | a text body | as it is, without control characters |
pub struct RequestTemplate {
    method: Method,
    urls: Box<[UrlTemplate]>,
    headers: Headers,
    content: ContentTemplate,
}

/// When a request is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// A client connects: what it will do is not known.
    Connect,
    /// A client publishes or subscribes.
    Action,
}

/// What stands in place of a secret.
pub(super) const HIDDEN: &str = Value::HIDDEN;

const TEMPLATE_LEN_MAX: usize = 64 * 1024;
/// Parameters, and as many header fields.
const MEMBERS_MAX: usize = 64;

// === impl RequestTemplate ===

impl RequestTemplate {
    /// Reads the templates of a request.
    ///
    /// # Errors
    /// [`TemplateFault`]: what is wrong, where, and what to write instead.
    pub fn parse(options: &RequestOptions, occasion: Occasion) -> Result<Self, TemplateFault> {
        check_sizes(options)?;
        let urls = options.urls.iter().enumerate().map(|(index, url)| {
            let at = Part::Url(index.saturating_add(1));
            UrlTemplate::parse(url, occasion).map_err(|fault| TemplateFault { part: at, fault })
        });
        let urls = urls.collect::<Result<Box<[_]>, _>>()?;
        let mut headers = Headers::parse(&options.headers, occasion)?;
        let content = content_of(options, &mut headers.fixed, occasion)?;
        headers.fixed.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let method = match options.method {
            RequestMethod::Get => Method::GET,
            RequestMethod::Post => Method::POST,
            RequestMethod::Put => Method::PUT,
        };
        Ok(Self { method, urls, headers, content })
    }

    /// The scheme, the host and the port of each URL, as `https://auth.example:8443`.
    pub fn bases(&self) -> impl Iterator<Item = &str> {
        self.urls.iter().map(UrlTemplate::base)
    }

    /// What it tells of a client: all that its answer can depend on.
    pub(super) fn tells(&self) -> Tells {
        let of_urls = self.urls.iter().flat_map(UrlTemplate::placeholders);
        let of_headers = self.headers.varying.iter().flat_map(HeaderTemplate::placeholders);
        let all = of_urls.chain(of_headers).chain(self.content.placeholders());
        all.map(Placeholder::tells).fold(Tells::default(), Tells::or)
    }

    /// The request for one client.
    ///
    /// # Errors
    /// [`NotSayable`]: the client's values cannot stand in it; the client is at fault.
    pub fn render(&self, values: &Values<'_>) -> Result<Question, NotSayable> {
        let filling = Filling { values, hides: false };
        let targets = (0..self.urls.len()).map(|index| {
            let at = || Part::Url(index.saturating_add(1));
            let target = self.target(index, filling)?;
            PathAndQuery::try_from(target).map_err(|_| NotSayable { part: at(), reason: Unsayable::TooLong })
        });
        Ok(Question {
            method: self.method.clone(),
            targets: targets.collect::<Result<_, _>>()?,
            headers: self.header_fields(filling)?,
            body: Bytes::from(self.body(filling)?),
        })
    }

    /// The request for one client as people may see it, to its first server: without its password, and without what
    /// the configuration has in places for secrets.
    pub fn shown(&self, values: &Values<'_>) -> String {
        self.try_shown(Filling { values, hides: true })
            .unwrap_or_else(|fault| format!("cannot be sent: {fault}"))
    }

    fn try_shown(&self, filling: Filling<'_>) -> Result<String, NotSayable> {
        let base = self.bases().next().unwrap_or_default();
        let mut shown = format!("{} {base}{}\n", self.method, self.target(0, filling)?);
        for (name, value) in &self.header_fields(filling)? {
            let is_varying = self.headers.varying.iter().any(|header| header.name == *name);
            let is_public =
                secret::is_public_header(name) || is_varying && !secret::is_secret_name(name.as_str());
            let value = if is_public { value.to_str().unwrap_or_default() } else { Value::HIDDEN };
            // Writing to a string never fails.
            let _ = writeln!(shown, "{name}: {value}");
        }
        let body = self.body(filling)?;
        if !body.is_empty() {
            shown.push('\n');
            shown.push_str(&body);
            shown.push('\n');
        }
        Ok(shown)
    }

    fn target(&self, index: usize, filling: Filling<'_>) -> Result<String, NotSayable> {
        let params = self.content.query(filling);
        let Some(url) = self.urls.get(index) else { return Ok(String::new()) };
        url.render(&params, filling)
            .map_err(|reason| NotSayable { part: Part::Url(index.saturating_add(1)), reason })
    }

    fn header_fields(&self, filling: Filling<'_>) -> Result<HeaderMap, NotSayable> {
        let mut headers = self.headers.fixed.clone();
        for header in &self.headers.varying {
            let value = header.render(filling).map_err(|reason| {
                let part = Part::Header(header.name.as_str().into());
                NotSayable { part, reason }
            })?;
            headers.insert(header.name.clone(), value);
        }
        Ok(headers)
    }

    fn body(&self, filling: Filling<'_>) -> Result<String, NotSayable> {
        self.content.body(filling).map_err(|(part, reason)| NotSayable { part, reason })
    }
}

impl fmt::Debug for RequestTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestTemplate").field("method", &self.method).finish_non_exhaustive()
    }
}

fn check_sizes(options: &RequestOptions) -> Result<(), TemplateFault> {
    let of = |part, fault| Err(TemplateFault { part, fault });
    let is_long = |text: &str| text.len() > TEMPLATE_LEN_MAX;
    let too_long = Fault::TooLong { max: TEMPLATE_LEN_MAX };
    let too_many = Fault::TooMany { max: MEMBERS_MAX };
    if options.urls.is_empty() {
        return of(Part::Request, Fault::NoUrl);
    }
    if options.urls.len() > MEMBERS_MAX || options.headers.len() > MEMBERS_MAX {
        return of(Part::Request, too_many);
    }
    if let Some(index) = options.urls.iter().position(|url| is_long(url)) {
        return of(Part::Url(index.saturating_add(1)), too_long);
    }
    if options.headers.iter().any(|(name, value)| is_long(name) || is_long(value.text())) {
        return of(Part::Request, too_long);
    }
    match &options.content {
        Content::Params(params) if params.len() > MEMBERS_MAX => of(Part::Request, too_many),
        Content::Params(params)
            if params.iter().any(|(name, value)| is_long(name) || is_long(value.text())) =>
        {
            of(Part::Request, too_long)
        }
        Content::Body(body) if is_long(body.text()) => of(Part::Body, too_long),
        Content::Params(_) | Content::Body(_) | Content::Nothing => Ok(()),
    }
}

/// Adds the content type, where none is said.
fn content_of(
    options: &RequestOptions,
    headers: &mut HeaderMap,
    occasion: Occasion,
) -> Result<ContentTemplate, TemplateFault> {
    let media_type = headers.get(CONTENT_TYPE).map(MediaType::of);
    match (&options.content, options.method) {
        (Content::Nothing, _) => {
            headers.remove(CONTENT_TYPE);
            Ok(ContentTemplate::Nothing)
        }
        (Content::Params(params), RequestMethod::Get) => {
            headers.remove(CONTENT_TYPE);
            Ok(ContentTemplate::Query(content::params(params, occasion)?))
        }
        (Content::Params(params), RequestMethod::Post | RequestMethod::Put) => {
            let params = content::params(params, occasion)?;
            if media_type == Some(MediaType::Json) {
                return Ok(ContentTemplate::Object(params));
            }
            default_to(headers, CONTENT_TYPE, "application/x-www-form-urlencoded");
            Ok(ContentTemplate::Form(params))
        }
        (Content::Body(_), RequestMethod::Get) => {
            Err(TemplateFault { part: Part::Body, fault: Fault::BodyOfGet })
        }
        (Content::Body(body), RequestMethod::Post | RequestMethod::Put) => {
            let content = body_of(body, media_type, occasion);
            let content = content.map_err(|fault| TemplateFault { part: Part::Body, fault })?;
            default_to(headers, CONTENT_TYPE, "application/json");
            Ok(content)
        }
    }
}

fn body_of(
    body: &Template,
    media_type: Option<MediaType>,
    occasion: Occasion,
) -> Result<ContentTemplate, Fault> {
    let text = body.text();
    match media_type {
        Some(MediaType::Json) => JsonTemplate::parse(text, occasion).map(ContentTemplate::Json),
        None => match JsonTemplate::parse(text, occasion) {
            Err(Fault::Json { .. }) => Err(Fault::NoContentType),
            parsed => parsed.map(ContentTemplate::Json),
        },
        Some(MediaType::Form) => content::form(text, occasion).map(ContentTemplate::Form),
        Some(MediaType::Plain) => Pieces::parse(text, occasion).map(ContentTemplate::Text),
        Some(MediaType::Other) => match Pieces::parse(text, occasion)? {
            pieces if pieces.fixed().is_some() => Ok(ContentTemplate::Text(pieces)),
            _ => Err(Fault::ContentType),
        },
    }
}

fn default_to(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
