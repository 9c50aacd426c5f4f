//! Who asks, where proxies may stand between.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, Uri};

use super::forwarded::{self, Client};
use super::origin::Origin;
use super::policy::Now;
use super::{Code, Problem};

/// Where a request was asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) origin: Origin,
    pub(super) told: Told,
    /// The address that the client connected to.
    pub(super) local: Option<IpAddr>,
}

/// What the PROXY protocol told of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is not spoken.
    Nothing,
    /// Whose it is: its origin.
    Client,
    /// It is the proxy's own.
    Itself,
}

/// What a proxy asks for itself, to see whether we are there: nothing that anybody needs a name for.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

impl Asked {
    /// The client of a request. Where the PROXY protocol is spoken, it alone tells: what stands in header fields then
    /// comes from the client.
    ///
    /// # Errors
    /// 400: a trusted proxy does not say for whom it asks, or says that it is this machine.
    pub(super) fn client(&self, uri: &Uri, headers: &HeaderMap, now: &Now) -> Result<Client, Problem> {
        let address = self.origin.address();
        let itself = Client { address, is_https: false };
        let told = match self.told {
            Told::Nothing if now.rules.has_proxy_protocol => Err(unnamed()),
            Told::Nothing => {
                forwarded::client_of(address, headers, |ip| now.rules.trusts(ip)).and_then(|client| {
                    let is_unnamed = client.is_none() && now.rules.trusts(address.ip());
                    if is_unnamed { Err(unnamed()) } else { client.map_or(Ok(itself), not_here) }
                })
            }
            Told::Client => not_here(itself),
            Told::Itself => Err(unnamed()),
        };
        told.or_else(|problem| if HEALTH.contains(&uri.path()) { Ok(itself) } else { Err(problem) })
    }
}

/// What is allowed on this machine only is not allowed to who a proxy says is on it.
fn not_here(client: Client) -> Result<Client, Problem> {
    if is_here(client.address) {
        let detail = "a proxy names a loopback address: connect to it by another address of this machine";
        return Err(Problem::new(Code::MalformedRequest, detail));
    }
    Ok(client)
}

fn is_here(address: SocketAddr) -> bool {
    let ip = address.ip().to_canonical();
    ip.is_loopback() || ip.is_unspecified()
}

fn unnamed() -> Problem {
    let detail = "this address is one of trusted_proxies, and the request does not say for whom it asks: have the \
                  proxy set X-Forwarded-For";
    Problem::new(Code::MalformedRequest, detail)
}
