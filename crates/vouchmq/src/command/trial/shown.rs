//! A trial, as people read it.

mod document;
mod rules;

use std::time::Duration;

use vouchmq_broker::connack_reason;
use vouchmq_client::remote::answer::{Carried, LoginAnswer};
use vouchmq_client::remote::trial::{Answered, Exchange, Means, Outcome};
use vouchmq_client::transport::Answer;
use vouchmq_identity::acl::Said;
use vouchmq_identity::{AuthRequest, AuthenticatorName, Verdict};
use vouchmq_mqtt::{Dialect, Grant, Inquired};

use super::seen::{Step, Trial};
use super::wish::{Wish, Wished};
pub(super) use document::json;

/// The client that is tried, without its password.
pub(super) struct Client {
    id: String,
    username: Option<String>,
    has_password: bool,
    peer: String,
    listener: Option<String>,
}

/// What a verdict is called, and why it is that.
struct Words {
    verdict: &'static str,
    /// A word that stays the same, and a sentence.
    why: Option<(&'static str, String)>,
}

/// So much of a body is shown.
const BODY_MAX: usize = 1024;

/// Why the registry says nothing.
const REGISTRY: &str = "not asked here, nor are blocks: a running broker holds its database, and tells by POST \
                        /v1/auth:explain what it says; taken as knowing nobody";

pub(super) fn client(request: &AuthRequest) -> Client {
    Client {
        id: request.client_id.to_string(),
        username: request.username.as_deref().map(ToOwned::to_owned),
        has_password: request.password.is_some(),
        peer: match (request.peer, request.arrival.peer_port) {
            (Some(address), Some(port)) => std::net::SocketAddr::new(address, port).to_string(),
            (Some(address), None) => address.to_string(),
            (None, _) => String::new(),
        },
        listener: request.arrival.listener.as_deref().map(|listener| listener.name.to_string()),
    }
}

/// Line by line; control characters are for whoever prints them.
pub(super) fn lines(trial: &Trial) -> Vec<String> {
    let mut lines = vec![client_line(&trial.client)];
    for step in &trial.steps {
        lines.push(step_line(step));
        step.exchanges.iter().for_each(|exchange| put_exchange(exchange, trial, &mut lines));
    }
    let verdict = words(&trial.verdict);
    let reason = connack_reason(&trial.verdict);
    let older = Dialect::MQTT_3_1_1.connack_code(reason);
    let older = older.map_or_else(|| "closed without CONNACK".to_owned(), |code| code.to_string());
    lines.push(format!("verdict: {}; MQTT 5: 0x{:02x}, MQTT 3.1.1: {older}", sentence(&verdict), reason.0));
    if let Verdict::Allow(allowance) = &trial.verdict {
        lines.push(format!("  as {}", allowance.principal));
        lines.extend(
            allowance.expires_at.map(|at| format!("  until {} (seconds since 1970)", at.millis() / 1000)),
        );
    }
    if let Some(wished) = &trial.wished {
        lines.push(wished_line(wished));
        wished.exchanges.iter().for_each(|exchange| put_exchange(exchange, trial, &mut lines));
    }
    lines
}

fn client_line(client: &Client) -> String {
    let Client { id, username, has_password, peer, listener } = client;
    let user = username.as_deref().map_or("no user name".to_owned(), |name| format!("user {name:?}"));
    let password = if *has_password { "a password" } else { "no password" };
    let listener = listener.as_deref().map(|name| format!(", at listener {name}")).unwrap_or_default();
    format!("client {id:?}, {user}, {password}, from {peer}{listener}")
}

fn step_line(step: &Step) -> String {
    if step.name == Some(AuthenticatorName::Registry) {
        return format!("registry: {REGISTRY}");
    }
    format!("{}: {}; {}", name(step), sentence(&words(&step.verdict)), time(step.took))
}

fn name(step: &Step) -> &'static str {
    step.name.map_or("anonymous", AuthenticatorName::as_str)
}

fn words(verdict: &Verdict) -> Words {
    match verdict {
        Verdict::Allow(_) => Words { verdict: "allow", why: None },
        Verdict::Deny(denial) => Words { verdict: "deny", why: Some((denial.code(), denial.to_string())) },
        Verdict::NotMine => Words { verdict: "not_mine", why: None },
        Verdict::Unavailable(why) => {
            Words { verdict: "unavailable", why: Some((why.code(), why.to_string())) }
        }
    }
}

fn sentence(words: &Words) -> String {
    let verdict = words.verdict.replace('_', " ");
    words.why.as_ref().map_or(verdict.clone(), |(code, why)| format!("{verdict}, {code}: {why}"))
}

fn put_exchange(exchange: &Exchange, trial: &Trial, lines: &mut Vec<String>) {
    lines.push(format!("  {}; {}", exchange.asks, time(exchange.took)));
    lines.extend(exchange.request.trim_end().lines().map(|line| format!("    > {line}")));
    if let Some(key) = &trial.signing_key {
        lines.push(format!("    > (signed with the key {key:?})"));
    }
    match &exchange.outcome {
        Outcome::NotSayable(fault) => {
            lines.push("    ! not asked: what the client says cannot stand in this request".to_owned());
            lines.push(format!("    = deny: {fault}"));
        }
        Outcome::Lost(lost) => {
            lines.push(format!("    ! {lost}"));
            lines.push("    = unavailable".to_owned());
        }
        Outcome::Answered(answered) => {
            let Answered { server, answer, means } = &**answered;
            let server = server.as_ref().map(ToString::to_string).unwrap_or_default();
            let content_type = content_type(answer).unwrap_or("no content type");
            let bytes = answer.body.len();
            lines.push(format!(
                "    < {} from {server}, {content_type}, {bytes} bytes, as it came:",
                answer.status.as_u16()
            ));
            lines.extend(body(answer).lines().map(|line| format!("    < {line}")));
            if bytes > BODY_MAX {
                lines.push(format!("    < … and {} bytes more", bytes.saturating_sub(BODY_MAX)));
            }
            match means {
                Ok(means) => put_meaning(means, lines),
                Err(fault) => lines.push(format!("    = not understood, {}: {fault}", fault.code())),
            }
        }
    }
}

fn put_meaning(means: &Means, lines: &mut Vec<String>) {
    let mut put = |text: String| lines.push(format!("    = {text}"));
    match means {
        Means::Login(LoginAnswer::Deny(denial)) => put(format!("deny, {}: {denial}", denial.code())),
        Means::Login(LoginAnswer::NotMine) => put("not mine".to_owned()),
        Means::Superuser(true) => put("a superuser".to_owned()),
        Means::Superuser(false) => put("no superuser".to_owned()),
        Means::Permission(said) => put(said_word(*said).to_owned()),
        Means::Login(LoginAnswer::Allow(carried)) => {
            let Carried { is_superuser, acl, expires_at, attributes, max_age } = carried;
            put(if *is_superuser { "allow, a superuser" } else { "allow" }.to_owned());
            if let Some(at) = expires_at {
                put(format!("expires at {} (seconds since 1970)", at.millis() / 1000));
            }
            if let Some(age) = max_age {
                put(format!("may be remembered for {} s", age.as_secs()));
            }
            attributes.iter().for_each(|(name, value)| put(format!("attribute {name} = {value:?}")));
            if let Some(acl) = acl {
                rules::of(acl).into_iter().for_each(|rule| put(format!("rule: {rule}")));
                put(format!("and then: {}", rules::end_of(acl)));
            }
        }
    }
}

const fn said_word(said: Said) -> &'static str {
    match said {
        Said::Allow => "allow",
        Said::Deny => "deny",
        Said::Nothing => "nothing",
    }
}

fn wished_line(wished: &Wished) -> String {
    let wish = match &wished.wish {
        Wish::Publish { topic, qos, retain } => {
            let retained = if *retain { ", retained" } else { "" };
            format!("publish to {topic:?} with QoS {}{retained}", qos.bits())
        }
        Wish::Subscribe { filter, share, qos } => {
            let share = share.as_deref().map(|share| format!(", shared as {share:?}")).unwrap_or_default();
            format!("subscribe to {:?} with QoS {}{share}", filter.as_filter().as_str(), qos.bits())
        }
    };
    let by = if wished.exchanges.is_empty() { "by rules" } else { "the service was asked" };
    format!("{wish}: {}; {by}; {}", found_word(wished), time(wished.took))
}

fn found_word(wished: &Wished) -> &'static str {
    match wished.found {
        Inquired::Granted(Grant::Whole) => "allowed",
        Inquired::Granted(Grant::PerMessage) => "allowed, each message is checked",
        Inquired::Granted(Grant::Denied | Grant::Asked) => "denied",
        Inquired::Unavailable => "unavailable",
    }
}

fn content_type(answer: &Answer) -> Option<&str> {
    answer.headers.get("content-type").and_then(|value| value.to_str().ok())
}

/// As it came, as far as it is shown.
fn body(answer: &Answer) -> String {
    let shown = answer.body.get(..BODY_MAX).unwrap_or(&answer.body);
    String::from_utf8_lossy(shown).into_owned()
}

fn time(took: Duration) -> String {
    format!("{:.1} ms", millis(took))
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1e3
}
