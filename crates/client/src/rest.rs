//! A client of the HTTP APIs: JSON in, JSON out, failures as problems.

use std::time::Duration;
use std::{fmt, io};

use base64ct::{Base64, Encoding};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Builder;
use hyper::{Method, Request, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::dto::problem::ProblemBody;
use crate::transport::Lookup;
use crate::wire::{Connector, connector, innermost};

mod transfer;

pub use transfer::Download;

/// A client of one HTTP API, whose connections are kept. Used within a tokio runtime.
#[derive(Clone)]
pub struct Rest {
    base: Box<str>,
    authorization: Option<HeaderValue>,
    client: Client<Connector, Body>,
}

/// What is sent: as a whole, or as it is made.
type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Why a request did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum RestFault {
    /// The address is none.
    #[error("'{0}' is no address of an HTTP API: write http://HOST:PORT or https://HOST:PORT")]
    Address(Box<str>),
    /// The token, user name or password cannot be sent.
    #[error("the token or password has characters that cannot be sent")]
    Token,
    /// Nobody answers.
    #[error("no answer from {address}: {why}")]
    Lost {
        /// Who was asked.
        address: Box<str>,
        /// Why nobody answers.
        why: Box<str>,
    },
    /// The server refused.
    #[error("{}: {}{}", .0.title, .0.detail, fields(.0))]
    Problem(Box<ProblemBody>),
    /// The answer is not what this version expects.
    #[error("the server answered {status} with something else than expected: {why}")]
    Strange {
        /// The status.
        status: u16,
        /// What is wrong with it.
        why: Box<str>,
    },
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to get through, and to shake hands.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// No answer is longer, in bytes.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

impl Rest {
    /// A client of the API at `base`, as `http://127.0.0.1:8081`, that shows `token`.
    ///
    /// # Errors
    /// [`RestFault::Address`], also for `https://`, which says nothing about whom to trust; [`RestFault::Token`].
    pub fn new(base: &str, token: Option<&str>) -> Result<Self, RestFault> {
        Self::with(base, "http", token, None)
    }

    /// A client of the API at `base`, as `https://broker.example:8081`, that shows `token`.
    ///
    /// # Errors
    /// [`RestFault::Address`], also for `http://`; [`RestFault::Token`].
    pub fn secure(base: &str, token: Option<&str>, tls: vouchmq_tls::Client) -> Result<Self, RestFault> {
        Self::with(base, "https", token, Some(tls))
    }

    fn with(
        base: &str,
        scheme: &str,
        token: Option<&str>,
        tls: Option<vouchmq_tls::Client>,
    ) -> Result<Self, RestFault> {
        let base = base.trim_end_matches('/');
        let is_address = base
            .parse::<Uri>()
            .is_ok_and(|uri| uri.scheme_str() == Some(scheme) && uri.host().is_some() && uri.path() == "/");
        if !is_address {
            return Err(RestFault::Address(base.into()));
        }
        let authorization = token.map(|token| {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| RestFault::Token)?;
            value.set_sensitive(true);
            Ok::<_, RestFault>(value)
        });
        let client =
            Client::builder(TokioExecutor::new()).build(connector(tls, Lookup::system(), CONNECT_TIMEOUT));
        Ok(Self { base: base.into(), authorization: authorization.transpose()?, client })
    }

    /// The same client, which shows a user name and a password (RFC 7617) in place of a token.
    ///
    /// # Errors
    /// [`RestFault::Token`]: a user name has no colon, and neither has control characters.
    pub fn with_password(self, user: &str, password: &str) -> Result<Self, RestFault> {
        if user.contains(':') || [user, password].iter().any(|text| text.contains(char::is_control)) {
            return Err(RestFault::Token);
        }
        let pair = Zeroizing::new(format!("{user}:{password}"));
        let encoded = Zeroizing::new(Base64::encode_string(pair.as_bytes()));
        let mut value = HeaderValue::try_from(format!("Basic {}", *encoded)).map_err(|_| RestFault::Token)?;
        value.set_sensitive(true);
        Ok(Self { authorization: Some(value), ..self })
    }

    /// Asks for something.
    ///
    /// # Errors
    /// [`RestFault`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, RestFault> {
        self.call(Method::GET, path, None::<&()>).await
    }

    /// Makes or does something.
    ///
    /// # Errors
    /// [`RestFault`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized + Sync),
    ) -> Result<T, RestFault> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Calls the API. An answer without a body reads as JSON's `null`.
    ///
    /// # Errors
    /// [`RestFault`].
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&(impl Serialize + ?Sized + Sync)>,
    ) -> Result<T, RestFault> {
        let mut request = self.request(method, path).header(ACCEPT, "application/json");
        let bytes = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(serde_json::to_vec(body).map_err(|error| strange(0, &error))?)
            }
            None => Bytes::new(),
        };
        self.send(request, bytes).await
    }

    /// Puts a text in place of what is there.
    ///
    /// # Errors
    /// [`RestFault`].
    pub async fn put_text<T: DeserializeOwned>(&self, path: &str, text: String) -> Result<T, RestFault> {
        let request = self.request(Method::PUT, path).header(ACCEPT, "application/json");
        self.send(request.header(CONTENT_TYPE, "text/plain; charset=utf-8"), text.into()).await
    }

    async fn send<T: DeserializeOwned>(&self, request: Builder, bytes: Bytes) -> Result<T, RestFault> {
        let whole = Full::new(bytes).map_err(|never| match never {}).boxed_unsync();
        let request = request.body(whole).map_err(|error| strange(0, &error))?;
        let (status, answer) = tokio::time::timeout(PATIENCE, self.exchange(request))
            .await
            .unwrap_or_else(|_| Err(self.lost("it takes longer than 30 s")))?;
        read(status, &answer)
    }

    fn request(&self, method: Method, path: &str) -> Builder {
        let request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        match &self.authorization {
            Some(authorization) => request.header(AUTHORIZATION, authorization),
            None => request,
        }
    }

    async fn exchange(&self, request: Request<Body>) -> Result<(u16, Bytes), RestFault> {
        let answer = self.client.request(request).await.map_err(|error| self.lost(&innermost(&error)))?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_MAX).collect().await;
        let body = body.map_err(|error| self.lost(&error.to_string()))?;
        Ok((status, body.to_bytes()))
    }

    fn lost(&self, why: &str) -> RestFault {
        RestFault::Lost { address: self.base.clone(), why: why.into() }
    }
}

fn strange(status: u16, why: &dyn fmt::Display) -> RestFault {
    RestFault::Strange { status, why: why.to_string().into() }
}

/// What an answer says: JSON, or a problem.
fn read<T: DeserializeOwned>(status: u16, answer: &[u8]) -> Result<T, RestFault> {
    if !(200..300).contains(&status) {
        let problem: ProblemBody = serde_json::from_slice(answer).map_err(|error| strange(status, &error))?;
        return Err(RestFault::Problem(Box::new(problem)));
    }
    let answer = if answer.is_empty() { b"null".as_slice() } else { answer };
    serde_json::from_slice(answer).map_err(|error| strange(status, &error))
}

/// The fields that are wrong, behind what is wrong.
fn fields(problem: &ProblemBody) -> String {
    problem.errors.iter().map(|field| format!("; {}: {}", field.pointer, field.detail)).collect()
}

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rest").field("base", &self.base).finish_non_exhaustive()
    }
}
