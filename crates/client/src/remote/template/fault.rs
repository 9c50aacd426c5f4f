use std::fmt;

/// What is wrong with the template of a request, and where. Never shows what is written there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {fault}")]
pub struct TemplateFault {
    /// Where.
    pub part: Part,
    /// What.
    pub fault: Fault,
}

/// A part of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Request,
    /// A URL, counted from 1.
    Url(usize),
    /// A header field; by its number, counted from 1, if it has no name that can be one.
    Header(Box<str>),
    /// A parameter.
    Param(Box<str>),
    /// The body.
    Body,
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No URL.
    #[error("no URL: write url = \"http://host:port/path\"")]
    NoUrl,
    /// Longer than a template may be.
    #[error("longer than {max} bytes")]
    TooLong {
        /// The bound.
        max: usize,
    },
    /// More than there may be.
    #[error("more than {max} of them")]
    TooMany {
        /// The bound.
        max: usize,
    },
    /// `${` without `}`.
    #[error("a placeholder is not closed: write ${{username}}")]
    NotClosed,
    /// `${` names something else.
    #[error(
        "unknown placeholder ${{{name}}}: there are ${{username}}, ${{clientid}}, ${{password}}, ${{password_b64}}, \
         ${{peerhost}}, ${{peerport}}, ${{cert_common_name}}, ${{cert_subject}}, ${{proto}} and ${{listener}}, and in \
         acl_req ${{topic}}, ${{action}}, ${{qos}}, ${{retain}} and ${{access}}"
    )]
    Unknown {
        /// What stands between the braces; `..` where that is no name.
        name: Box<str>,
    },
    /// `%` and a letter that stands for nothing.
    #[error(
        "unknown placeholder %{letter}: there are %u, %P, %c, %a, %p, %r, %C, %d, and in acl_req %A and %t; for others \
         write ${{...}}"
    )]
    UnknownLetter {
        /// The letter.
        letter: char,
    },
    /// It is known only when a client publishes or subscribes.
    #[error("{name} is not known when a client connects: it stands in acl_req only")]
    NotAtConnect {
        /// The placeholder.
        name: Box<str>,
    },
    /// Another scheme, or none.
    #[error("a URL begins with http:// or https://")]
    Scheme,
    /// No host, or one with a placeholder, a user name or a bad port.
    #[error("behind the scheme stands host or host:port, without placeholders and without a user name")]
    Authority,
    /// A fragment, which is never sent.
    #[error("a URL of a request has no #")]
    Fragment,
    /// A character that a URL cannot have.
    #[error("a character that no URL has: write it as % and two hexadecimal digits (a % as %25)")]
    UrlCharacter,
    /// No name of a header field.
    #[error("no name of a header field")]
    HeaderName,
    /// No value of one.
    #[error("the value of a header field has visible characters of ASCII only")]
    HeaderValue,
    /// A header field that is none of the configuration.
    #[error("this header field is written by the broker: leave it out")]
    HeaderReserved,
    /// The same name twice.
    #[error("it is there twice")]
    Twice,
    /// What is sent cannot depend on a client.
    #[error("the content type has no placeholders")]
    ContentTypeVaries,
    /// A body of a GET.
    #[error("a GET has no body: write params, or method = post")]
    BodyOfGet,
    /// A body that is no JSON, of which nothing is said.
    #[error("no JSON, and there is no header content-type that says what it is")]
    NoContentType,
    /// A body with placeholders, into which they cannot be written safely.
    #[error(
        "values can be written into application/json, application/x-www-form-urlencoded and text/plain, not into this \
         content type"
    )]
    ContentType,
    /// No JSON.
    #[error(
        "no JSON, line {line}, column {column}: placeholders stand within strings, as in \"${{username}}\""
    )]
    Json {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// A placeholder where the structure would depend on a client.
    #[error("placeholders stand in values, not in names")]
    NameVaries,
    /// A form with a % that is none.
    #[error("behind a % of a form stand two hexadecimal digits, and it is UTF-8")]
    Form,
}

/// Why a client's values cannot stand in a request. The client is at fault: it is denied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {reason}")]
pub struct NotSayable {
    /// Where.
    pub part: Part,
    /// Why not.
    pub reason: Unsayable,
}

/// Why a value cannot stand somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsayable {
    /// A line break, U+0000 or the like.
    #[error("a value has control characters")]
    Control,
    /// Header fields have ASCII only.
    #[error("a value has characters that no header field has")]
    NotAscii,
    /// A blank at an end of a header field is lost: it would be another name.
    #[error("a value begins or ends with a blank")]
    Blank,
    /// Within other text of a header field: what parts its members.
    #[error("a value has a character that parts members of a header field")]
    Delimiter,
    /// The password is no UTF-8.
    #[error("the password is no UTF-8, and the template has ${{password}}, not ${{password_b64}}")]
    NotText,
    /// It would change the path.
    #[error("a value would be an empty segment of the path, . or ..")]
    Segment,
    /// Longer than services take it.
    #[error("a value is too long")]
    TooLong,
}

impl Unsayable {
    /// The reason, for logs and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Control => "control_character",
            Self::NotAscii => "not_ascii",
            Self::Blank => "blank_at_end",
            Self::Delimiter => "delimiter",
            Self::NotText => "password_not_text",
            Self::Segment => "path_segment",
            Self::TooLong => "too_long",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("the request"),
            Self::Url(number) => write!(f, "url {number}"),
            Self::Header(name) => write!(f, "header {name}"),
            Self::Param(name) => write!(f, "param {name:?}"),
            Self::Body => f.write_str("body"),
        }
    }
}
