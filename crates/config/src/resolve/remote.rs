//! `auth.http_auth`: which service is asked about clients, and how. What cannot be asked as it is written is an
//! error, so that nobody is let in unasked.

mod native;
mod request;

use std::time::Duration;

use secrecy::SecretString;
use vouchmq_client::remote::options::{
    AnswerMode, CacheOptions, Protocol, RemoteOptions, ServerBounds, SigningOptions,
};

use super::{Resolver, Section};
use crate::tree::Node;

/// NanoMQ's.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Below the deadline of CONNECT, and what NanoMQ's and EMQX's answers may take.
const DEADLINE: Duration = Duration::from_secs(8);
const KEY_BYTES_MIN: usize = 32;
/// Everything that may be asked.
const REQUESTS: [&str; 3] = ["auth_req", "super_req", "acl_req"];

/// How long things may take.
struct Times {
    timeout: Duration,
    connect_timeout: Duration,
    deadline: Duration,
}

impl<'a> Resolver<'a> {
    /// The block, unless it is switched off.
    pub(super) fn remote_block(&self) -> Option<Section<'a>> {
        self.section("auth.http_auth").filter(Section::is_on)
    }

    /// `None` also where something is wrong with it, which is told then.
    pub(super) fn remote(&mut self, connect_deadline: Duration) -> Option<RemoteOptions> {
        let section = self.remote_block()?;
        let times = self.times(&section, connect_deadline);
        let signing = self.signing(&section);
        let protocol = if section.text("mode") == Some("native") {
            self.native(&section).map(Protocol::Native)
        } else {
            self.templates(&section)
        };
        let Times { timeout, connect_timeout, deadline } = times;
        let (server, cache) = (self.server_bounds(&section), self.cache(&section));
        Some(RemoteOptions {
            protocol: protocol?,
            timeout,
            connect_timeout,
            deadline,
            server,
            cache,
            signing,
        })
    }

    fn times(&mut self, section: &Section<'a>, connect_deadline: Duration) -> Times {
        let deadline = match self.time(section, "deadline") {
            Some(deadline) => {
                let place = section.get("deadline").map_or(section.node.place, |node| node.place);
                if deadline >= connect_deadline {
                    let text = format!(
                        "{}: a client is closed before, by mqtt.connect_timeout",
                        section.key("deadline")
                    );
                    self.error(place, text, "write a shorter one, or a longer mqtt.connect_timeout");
                }
                deadline
            }
            None => DEADLINE.min(connect_deadline.mul_f64(0.8)),
        };
        let timeout = self.timeout(section, "timeout", deadline);
        let connect_timeout = self.timeout(section, "connect_timeout", deadline);
        Times { timeout, connect_timeout, deadline }
    }

    fn timeout(&mut self, section: &Section<'a>, key: &str, deadline: Duration) -> Duration {
        let (Some(time), Some(node)) = (self.time(section, key), section.get(key)) else {
            return TIMEOUT.min(deadline);
        };
        if time.is_zero() {
            let text = format!("{}: no answer comes in no time: NanoMQ denies everybody", section.key(key));
            self.error(node.place, text, "write 5s");
        } else if time > deadline {
            let text = format!("{}: no client waits that long for its verdict", section.key(key));
            self.warn(node.place, text, "auth.http_auth.deadline says how long it waits");
        }
        time.min(deadline)
    }

    fn templates(&mut self, section: &Section<'a>) -> Option<Protocol> {
        if let Some(native) = section.get("native") {
            let text = format!("{}: it is for mode = native", section.key("native"));
            self.error(native.place, text, "write mode = native, or take it out");
        }
        let mode = self.answer_mode(section);
        let [login, superuser, acl] = REQUESTS.map(|name| self.request(section, name));
        let is_asked = |name: &str| section.get(name).is_some_and(is_on);
        let hint = "write auth_req { url = \"http://…\" }, or enable = false";
        if !is_asked("auth_req") {
            if let Some(node) = section.get("super_req").filter(|_| is_asked("super_req")) {
                let text = format!(
                    "{}: it is asked about clients that auth_req lets in, and there is no auth_req",
                    section.key("super_req")
                );
                self.error(node.place, text, hint);
            }
            if !is_asked("acl_req") {
                let text = format!("{}: it does not say who is asked", section.path);
                self.error(section.node.place, text, hint);
            }
            // Others say who clients are, and the service what they may do.
            return Some(Protocol::Templates { mode: mode?, login: None, superuser: None, acl: Some(acl?) });
        }
        Some(Protocol::Templates { mode: mode?, login: Some(login?), superuser, acl })
    }

    /// By which answers somebody is let in.
    fn answer_mode(&mut self, section: &Section<'a>) -> Option<AnswerMode> {
        let mode = section.text("mode");
        let Some(block) = section.get("auth_resp") else {
            return Some(if mode == Some("json") { AnswerMode::Json } else { AnswerMode::Status });
        };
        let key = section.key("auth_resp");
        if let Some(mode) = mode {
            let text = format!("{key}: with mode = {} answers are read in another way", mode.escape_debug());
            self.error(block.place, text, "take one of the two out");
            return None;
        }
        let result = block.get("result").and_then(Node::text).filter(|result| !result.is_empty());
        if result.is_none() {
            let text = format!("{key}: it does not say which result allows");
            self.error(block.place, text, "write result = \"allow\", or take it out");
        }
        Some(AnswerMode::JsonResult(result?.into()))
    }

    fn server_bounds(&self, section: &Section<'a>) -> ServerBounds {
        let default = ServerBounds::default();
        ServerBounds {
            connections_max: self.size(section, "pool_size", default.connections_max),
            waiting_max: self.size(section, "max_waiting", default.waiting_max),
            connection_age_max: self
                .time(section, "max_connection_age")
                .unwrap_or(default.connection_age_max),
            has_http2: section.switch("http2").unwrap_or(default.has_http2),
            answer_bytes_max: self.size(section, "max_answer_size", default.answer_bytes_max),
        }
    }

    fn cache(&self, section: &Section<'a>) -> CacheOptions {
        let default = CacheOptions::default();
        CacheOptions {
            ttl: self.time(section, "cache_ttl").unwrap_or(default.ttl),
            permission_ttl: self.time(section, "acl_cache_ttl").unwrap_or(default.permission_ttl),
            negative_ttl: self.time(section, "negative_cache_ttl").unwrap_or(default.negative_ttl),
            entries_max: self.size(section, "max_cache_entries", default.entries_max),
            bytes_max: self.size(section, "max_cache_bytes", default.bytes_max),
            stale_if_error: self.time(section, "stale_if_error").filter(|time| !time.is_zero()),
        }
    }

    fn signing(&mut self, section: &Section<'a>) -> Option<SigningOptions> {
        let signing = self.section(&section.key("signing"))?;
        let (Some(key_id), Some(key)) = (signing.text("keyid"), signing.text("key")) else {
            let text = format!("{} has a keyid and a key", signing.path);
            self.error(signing.node.place, text, "write both, as the service knows them");
            return None;
        };
        if key.len() < KEY_BYTES_MIN {
            let place = signing.get("key").map_or(signing.node.place, |node| node.place);
            self.error(
                place,
                format!("{} is too short", signing.key("key")),
                "take at least 32 random bytes",
            );
        }
        if key_id.is_empty()
            || !key_id.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
        {
            let place = signing.get("keyid").map_or(signing.node.place, |node| node.place);
            let text = format!("{}: it has letters, digits and signs of ASCII", signing.key("keyid"));
            self.error(place, text, "take the name that the service knows");
        }
        let checks_answers = signing.switch("check_answers").unwrap_or(true);
        Some(SigningOptions { key_id: key_id.into(), key: SecretString::from(key), checks_answers })
    }

    /// A time of a block.
    fn time(&self, section: &Section<'a>, key: &str) -> Option<Duration> {
        self.number(&section.key(key)).map(Duration::from_millis)
    }

    /// A number of a block.
    fn size(&self, section: &Section<'a>, key: &str, default: usize) -> usize {
        self.number(&section.key(key)).and_then(|size| usize::try_from(size).ok()).unwrap_or(default)
    }
}

/// Whether a block does not say that it is off.
pub(super) fn is_on(node: &Node) -> bool {
    node.get("enable").and_then(Node::switch) != Some(false)
}
