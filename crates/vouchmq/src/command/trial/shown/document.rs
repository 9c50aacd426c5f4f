//! A trial, as programs read it.

use serde_json::{Value, json};
use vouchmq_broker::connack_reason;
use vouchmq_client::remote::answer::{Carried, LoginAnswer};
use vouchmq_client::remote::trial::{Answered, Exchange, Means, Outcome};
use vouchmq_identity::{AuthenticatorName, Verdict};
use vouchmq_mqtt::Dialect;

use super::super::seen::{Step, Trial};
use super::super::wish::{Wish, Wished};
use super::{Client, REGISTRY, Words, body, content_type, found_word, millis, name, rules, said_word, words};

/// One object.
pub(in super::super) fn json(trial: &Trial) -> Value {
    let Client { id, username, has_password, peer, listener } = &trial.client;
    let reason = connack_reason(&trial.verdict);
    let mut verdict = worded(&words(&trial.verdict));
    put(&mut verdict, "mqtt5", json!(reason.0));
    put(&mut verdict, "mqtt3", json!(Dialect::MQTT_3_1_1.connack_code(reason)));
    if let Verdict::Allow(allowance) = &trial.verdict {
        put(&mut verdict, "principal", json!(allowance.principal.to_string()));
        put(&mut verdict, "expires_at", json!(allowance.expires_at.map(|at| at.millis() / 1000)));
    }
    json!({
        "client": {
            "clientid": id,
            "username": username,
            "has_password": has_password,
            "peer": peer,
            "listener": listener,
        },
        "signed_with": trial.signing_key,
        "authenticators": trial.steps.iter().map(step).collect::<Vec<_>>(),
        "verdict": verdict,
        "wish": trial.wished.as_ref().map(wish),
    })
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

fn worded(words: &Words) -> Value {
    let (code, why) = words.why.as_ref().map(|(code, why)| (*code, &**why)).unzip();
    json!({"verdict": words.verdict, "reason": code, "why": why})
}

fn step(step: &Step) -> Value {
    let mut told = match step.name {
        Some(AuthenticatorName::Registry) => json!({"verdict": "not_asked", "reason": null, "why": REGISTRY}),
        Some(AuthenticatorName::File | AuthenticatorName::Http) | None => worded(&words(&step.verdict)),
    };
    put(&mut told, "name", json!(name(step)));
    put(&mut told, "took_ms", json!(millis(step.took)));
    put(&mut told, "exchanges", exchanges(&step.exchanges));
    told
}

fn wish(wished: &Wished) -> Value {
    let mut told = match &wished.wish {
        Wish::Publish { topic, qos, retain } => {
            json!({"action": "publish", "topic": topic, "qos": qos.bits(), "retain": retain})
        }
        Wish::Subscribe { filter, share, qos } => {
            let filter = filter.as_filter().as_str();
            json!({"action": "subscribe", "topic": filter, "share": share, "qos": qos.bits()})
        }
    };
    put(&mut told, "is_allowed", json!(wished.is_allowed()));
    put(&mut told, "found", json!(found_word(wished)));
    put(&mut told, "took_ms", json!(millis(wished.took)));
    put(&mut told, "exchanges", exchanges(&wished.exchanges));
    told
}

fn exchanges(exchanges: &[Exchange]) -> Value {
    exchanges.iter().map(exchange).collect()
}

fn exchange(exchange: &Exchange) -> Value {
    let mut told = json!({
        "asks": exchange.asks,
        "request": exchange.request,
        "took_ms": millis(exchange.took),
    });
    match &exchange.outcome {
        Outcome::NotSayable(fault) => put(&mut told, "not_asked", json!(fault.to_string())),
        Outcome::Lost(lost) => put(&mut told, "lost", json!(lost.to_string())),
        Outcome::Answered(answered) => {
            let Answered { server, answer, means } = &**answered;
            let answered = json!({
                "server": server.as_ref().map(ToString::to_string),
                "status": answer.status.as_u16(),
                "content_type": content_type(answer),
                "length": answer.body.len(),
                "body": body(answer),
            });
            put(&mut told, "answer", answered);
            match means {
                Ok(means) => put(&mut told, "means", meaning(means)),
                Err(fault) => {
                    let fault = json!({"reason": fault.code(), "why": fault.to_string()});
                    put(&mut told, "not_understood", fault);
                }
            }
        }
    }
    told
}

fn meaning(means: &Means) -> Value {
    match means {
        Means::Login(LoginAnswer::Deny(denial)) => {
            json!({"verdict": "deny", "reason": denial.code(), "why": denial.to_string()})
        }
        Means::Login(LoginAnswer::NotMine) => json!({"verdict": "not_mine"}),
        Means::Superuser(is_superuser) => json!({"is_superuser": is_superuser}),
        Means::Permission(said) => json!({"permission": said_word(*said)}),
        Means::Login(LoginAnswer::Allow(carried)) => {
            let Carried { is_superuser, acl, expires_at, attributes, max_age } = carried;
            let attributes = attributes.iter().map(|(name, value)| (name.to_string(), json!(value)));
            json!({
                "verdict": "allow",
                "is_superuser": is_superuser,
                "expires_at": expires_at.map(|at| at.millis() / 1000),
                "max_age": max_age.map(|age| age.as_secs()),
                "attributes": attributes.collect::<serde_json::Map<_, _>>(),
                "rules": acl.as_ref().map(rules::of),
            })
        }
    }
}
