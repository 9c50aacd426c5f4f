//! `auth.acl.rules`: what NanoMQ passes over in silence is an error here, for it would let in whom nobody meant.

use vouchmq_identity::acl::{Action, Effect, OrderedRule, RuleTopic, Selector, Topics};

use super::{Resolver, Section};
use crate::config::At;
use crate::schema::nearest;
use crate::tree::Node;

/// What says whom a rule is about.
const SELECTORS: [&str; 6] = ["username", "clientid", "ipaddr", "ipaddrs", "and", "or"];
/// How deep `and` and `or` stand in each other.
const DEPTH_MAX: usize = 8;
/// Every address, in a rule.
const ANY: &str = "#";

impl<'a> Resolver<'a> {
    pub(super) fn rules(&mut self, acl: &Section<'a>) -> (Vec<OrderedRule>, Vec<At>) {
        let (mut rules, mut places) = (Vec::new(), Vec::new());
        for node in acl.list("rules").unwrap_or_default() {
            let rule = Section { path: acl.key("rules[]"), node };
            if let Some(rule) = self.rule(&rule) {
                rules.push(rule);
                places.push(At(node.place));
            }
        }
        (rules, places)
    }

    fn rule(&mut self, rule: &Section<'a>) -> Option<OrderedRule> {
        rule.node.map()?;
        let effect = match rule.text("permit") {
            Some("allow") => Some(Effect::Allow),
            Some("deny") => Some(Effect::Deny),
            // What is not possible is told already.
            Some(_) => None,
            None => {
                self.error(
                    rule.node.place,
                    "auth.acl.rules[]: the rule does not say permit",
                    "write permit = allow, or deny",
                );
                None
            }
        };
        let action = match rule.text("action") {
            Some("publish") => Action::Publish,
            Some("subscribe") => Action::Subscribe,
            _ => Action::Both,
        };
        let topics = self.topics(rule);
        let whom = self.selector(rule, 0);
        Some(OrderedRule { effect: effect?, action, topics: topics?, whom: whom? })
    }

    fn topics(&mut self, rule: &Section<'a>) -> Option<Topics> {
        let Some(node) = rule.get("topics") else { return Some(Topics::Every) };
        let items = node.list()?;
        if items.is_empty() {
            self.error(
                node.place,
                "auth.acl.rules[].topics: there is none",
                "name topics, or take it out for all of them",
            );
        }
        let mut topics = Vec::new();
        for item in items {
            match item.text().map(str::parse::<RuleTopic>) {
                Some(Ok(topic)) => topics.push(topic),
                Some(Err(fault)) => self.error(
                    item.place,
                    format!("auth.acl.rules[].topics: {fault}"),
                    "see 'Topic filters' of MQTT 5 §4.7",
                ),
                None => {}
            }
        }
        Some(Topics::Of(topics))
    }

    /// Whom a rule, or a member of `and` and `or`, is about.
    fn selector(&mut self, block: &Section<'a>, depth: usize) -> Option<Selector> {
        let said: Vec<&str> = SELECTORS.into_iter().filter(|key| block.get(key).is_some()).collect();
        match said[..] {
            [] if depth == 0 => Some(Selector::Everybody),
            [] => {
                let text = format!("{}: it names nobody", block.path);
                self.error(
                    block.node.place,
                    text,
                    "write one of username, clientid, ipaddr, ipaddrs, and, or",
                );
                None
            }
            [key] => self.selected(block, key, depth),
            [..] => {
                let text =
                    format!("{}: {} together: NanoMQ takes one of them only", block.path, said.join(" and "));
                self.error(block.node.place, text, "write and = [ { … }, { … } ]");
                None
            }
        }
    }

    fn selected(&mut self, block: &Section<'a>, key: &str, depth: usize) -> Option<Selector> {
        let node = block.get(key)?;
        if depth > 0 && matches!(key, "username" | "clientid" | "ipaddr") && node.text().is_none() {
            self.error(node.place, format!("{}: a text is expected", block.key(key)), "put it in quotes");
        }
        match key {
            "username" => node.text().map(Selector::of_user_name),
            "clientid" => node.text().map(Selector::of_client_id),
            "ipaddr" if node.text() == Some(ANY) => Some(Selector::Everybody),
            "ipaddr" => self.addresses(block, key, std::slice::from_ref(node)),
            "ipaddrs" => match node.list() {
                Some([]) | None => {
                    self.error(
                        node.place,
                        format!("{}: a list of addresses is expected", block.key(key)),
                        "[\"10.0.0.0/8\"]",
                    );
                    None
                }
                Some(items) => self.addresses(block, key, items),
            },
            _ => {
                let members = self.members(block, key, node, depth)?;
                Some(if key == "and" { Selector::And(members) } else { Selector::Or(members) })
            }
        }
    }

    fn addresses(&mut self, block: &Section<'a>, key: &str, items: &[Node]) -> Option<Selector> {
        let mut texts = Vec::new();
        for item in items {
            let text = item.text().unwrap_or_default();
            if let Err(fault) = Selector::of_addresses([text]) {
                self.error(
                    item.place,
                    format!("{}: {fault}", block.key(key)),
                    "write an address, or a network as 10.0.0.0/8",
                );
            }
            texts.push(text);
        }
        Selector::of_addresses(texts).ok()
    }

    fn members(
        &mut self,
        block: &Section<'a>,
        key: &str,
        node: &'a Node,
        depth: usize,
    ) -> Option<Vec<Selector>> {
        let path = block.key(key);
        let Some(items) = node.list().filter(|items| !items.is_empty()) else {
            self.error(
                node.place,
                format!("{path}: a list with members is expected"),
                "[ { username = \"alice\" }, { clientid = \"c1\" } ]",
            );
            return None;
        };
        if depth == DEPTH_MAX {
            self.error(
                node.place,
                format!("{path}: blocks stand in each other too deep"),
                "write it in several rules",
            );
            return None;
        }
        let mut members = Vec::new();
        for item in items {
            let member = Section { path: format!("{path}[]"), node: item };
            self.refuse_unknown(&member);
            members.push(self.selector(&member, depth + 1));
        }
        members.into_iter().collect()
    }

    /// A misspelt word would make a rule about somebody else.
    fn refuse_unknown(&mut self, member: &Section<'a>) {
        for entry in member.node.map().unwrap_or_default() {
            if !SELECTORS.contains(&&*entry.key) {
                let near = nearest(&entry.key, SELECTORS);
                let hint = near.map_or_else(
                    || "allowed: username, clientid, ipaddr, ipaddrs, and, or".to_owned(),
                    |near| format!("did you mean {near}?"),
                );
                self.error(entry.place, format!("`{}` is no key", member.key(&entry.key)), &hint);
            }
        }
    }
}
