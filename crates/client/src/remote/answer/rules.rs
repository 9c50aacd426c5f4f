//! Rules as EMQX writes them.

use serde_json::{Map, Value};
use vouchmq_identity::QoS;
use vouchmq_identity::acl::{
    Action, CarriedAcl, CarriedRule, Condition, Effect, RuleTopic, Selector, TopicPattern,
};

use super::fault::{NotUnderstood, RuleFault};

/// Rules of one client, each topic of each counted.
pub(super) const RULES_MAX: usize = 1_024;

pub(super) fn acl_of(acl: &Value) -> Result<CarriedAcl, NotUnderstood> {
    let acl = match acl {
        Value::Array(rules) => {
            let rules = rules.iter().enumerate().map(|(index, rule)| {
                let number = index.saturating_add(1);
                rule_of(rule).map_err(|fault| NotUnderstood::Rule { number, fault })
            });
            CarriedAcl::List(rules.collect::<Result<_, _>>()?)
        }
        Value::Object(members) => CarriedAcl::Map(map_of(members)?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Err(NotUnderstood::Acl),
    };
    if acl.rule_count() > RULES_MAX { Err(NotUnderstood::TooManyRules { max: RULES_MAX }) } else { Ok(acl) }
}

/// What a client may publish, subscribe to, and both.
fn map_of(members: &Map<String, Value>) -> Result<Vec<CarriedRule>, NotUnderstood> {
    let rules = members.iter().enumerate().map(|(index, (name, topics))| {
        let action = match &**name {
            "pub" => Action::Publish,
            "sub" => Action::Subscribe,
            "all" => Action::Both,
            _ => return Err(NotUnderstood::Acl),
        };
        let Value::Array(topics) = topics else { return Err(NotUnderstood::Acl) };
        let topics = topics.iter().map(topic_of).collect::<Result<_, _>>();
        let number = index.saturating_add(1);
        let topics = topics.map_err(|fault| NotUnderstood::Rule { number, fault })?;
        let (effect, condition, whom) = (Effect::Allow, Condition::NONE, Selector::Everybody);
        Ok(CarriedRule { effect, action, topics, condition, whom })
    });
    rules.collect()
}

fn rule_of(rule: &Value) -> Result<CarriedRule, RuleFault> {
    let Value::Object(members) = rule else { return Err(RuleFault::NoObject) };
    let known = ["permission", "action", "topic", "topics", "qos", "retain", "ipaddr"];
    if members.keys().any(|name| !known.contains(&&**name)) {
        return Err(RuleFault::UnknownMember);
    }
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let effect = match text("permission") {
        Some("allow") => Effect::Allow,
        Some("deny") => Effect::Deny,
        _ => return Err(RuleFault::Permission),
    };
    let action = match text("action") {
        Some("publish" | "pub") => Action::Publish,
        Some("subscribe" | "sub") => Action::Subscribe,
        Some("all") => Action::Both,
        _ => return Err(RuleFault::Action),
    };
    let topics = match (members.get("topic"), members.get("topics")) {
        (Some(topic), None) => vec![topic_of(topic)?],
        (None, Some(Value::Array(topics))) if !topics.is_empty() => {
            topics.iter().map(topic_of).collect::<Result<_, _>>()?
        }
        _ => return Err(RuleFault::Topic),
    };
    let qos = members.get("qos").map_or(Ok(EVERY_QOS.to_vec()), qos_of)?;
    let retain = members.get("retain").map_or(Ok(None), retain_of)?;
    let whom = match members.get("ipaddr") {
        None => Selector::Everybody,
        Some(Value::String(address)) => {
            Selector::of_addresses([&**address]).map_err(|_| RuleFault::Address)?
        }
        Some(_) => return Err(RuleFault::Address),
    };
    Ok(CarriedRule { effect, action, topics, condition: Condition::new(qos, retain), whom })
}

/// `eq` and a filter is the filter as it is written.
fn topic_of(topic: &Value) -> Result<RuleTopic, RuleFault> {
    let text = topic.as_str().ok_or(RuleFault::Topic)?;
    let (text, is_literal) = match text.strip_prefix("eq ") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let text = text.replace("${client_attrs.", "${attr.");
    let pattern: TopicPattern = text.parse().map_err(|_| RuleFault::Topic)?;
    Ok(if is_literal { RuleTopic::literal(pattern) } else { RuleTopic::matching(pattern) })
}

const EVERY_QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

/// `1`, `"1"`, `[0, 1]`, `"0,1"`, `"all"`.
fn qos_of(value: &Value) -> Result<Vec<QoS>, RuleFault> {
    let one = |bits: Option<u8>| bits.and_then(QoS::from_bits).ok_or(RuleFault::Qos);
    let number = |number: Option<u64>| one(number.and_then(|number| u8::try_from(number).ok()));
    let text = |text: &str| one(text.trim().parse().ok());
    match value {
        Value::String(all) if all == "all" => Ok(EVERY_QOS.to_vec()),
        Value::String(list) => list.split(',').map(text).collect(),
        Value::Number(bits) => number(bits.as_u64()).map(|qos| vec![qos]),
        Value::Array(list) if !list.is_empty() => {
            let members = list.iter().map(|member| match member.as_str() {
                Some(bits) => text(bits),
                None => number(member.as_u64()),
            });
            members.collect()
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(RuleFault::Qos),
    }
}

/// `true`, `false`, `1`, `0`, the same as texts, `"all"`.
fn retain_of(value: &Value) -> Result<Option<bool>, RuleFault> {
    if value.as_str() == Some("all") {
        return Ok(None);
    }
    super::truth(value).map(Some).ok_or(RuleFault::Retain)
}
