//! `auth`: who may connect, and what they may do. What is not said is closed.

use vouchmq_identity::AuthenticatorName;
use vouchmq_identity::acl::{Effect, OrderedAcl};

use super::{Resolver, Section};
use crate::config::{At, Authentication, Authorization, Hidden, User};
use crate::hocon::Place;

/// A block of HTTP authentication outside of `auth` is meant all the same.
const HTTP: [&str; 2] = ["auth.http_auth", "http_auth"];

impl<'a> Resolver<'a> {
    pub(super) fn access(&mut self) -> (Authentication, Authorization) {
        let Some(section) = self.section("auth") else {
            let mut authentication = Authentication::default();
            self.without_http(&mut authentication);
            return (authentication, Authorization::default());
        };
        let mut authentication = Authentication {
            allow_anonymous: section.switch("allow_anonymous"),
            users: self.users(),
            password_file: self.refer(&section, "password_file", true),
            mosquitto_password_file: self.refer(&section, "mosquitto_password_file", true),
            ..Authentication::default()
        };
        if let Some(order) = section.get("order") {
            authentication.order = self.order(order);
        }
        let has_users = authentication.users.is_some()
            || authentication.password_file.is_some()
            || authentication.mosquitto_password_file.is_some();
        if has_users && !authentication.order.contains(&AuthenticatorName::File) {
            let text = "auth.order: users of the file are not asked about";
            self.warn(
                section.get("order").map_or(section.node.place, |node| node.place),
                text,
                "add file to it",
            );
        }
        self.without_http(&mut authentication);
        if authentication.allow_anonymous == Some(true) {
            let place = section.get("allow_anonymous").map_or(section.node.place, |node| node.place);
            let text = "auth.allow_anonymous: ANYBODY MAY CONNECT without a user name, and do what auth.acl and auth.no_match let it";
            self.warn(place, text, "write false, and give devices credentials");
        }
        let authorization = self.authorization(&section);
        (authentication, authorization)
    }

    fn authorization(&mut self, section: &Section<'a>) -> Authorization {
        let acl = self.section("auth.acl");
        let (rules, places) = match &acl {
            Some(acl) if acl.is_on() => self.rules(acl),
            _ => (Vec::new(), Vec::new()),
        };
        let mosquitto_acl_file = self.refer(section, "mosquitto_acl_file", true);
        let has_rules = acl.is_some() || mosquitto_acl_file.is_some();
        let no_match = match section.text("no_match") {
            Some("deny") => Effect::Deny,
            Some("allow") => Effect::Allow,
            _ if has_rules => {
                let place = acl.as_ref().map_or(section.node.place, |acl| acl.node.place);
                let text =
                    "auth.no_match is not said: what no rule matches is denied, where NanoMQ allows it";
                self.warn(place, text, "write auth.no_match = deny, or allow");
                Effect::Deny
            }
            _ => Effect::Allow,
        };
        Authorization { acl: OrderedAcl { rules, no_match }, places, mosquitto_acl_file }
    }

    fn users(&mut self) -> Option<Vec<User>> {
        let section = self.section("auth.password")?;
        if let Some(enable) = section.get("enable").filter(|_| !section.is_on()) {
            self.warn(
                enable.place,
                "auth.password.enable: the users below it are not let in",
                "take the block out if that is meant",
            );
            return None;
        }
        let mut users = Vec::new();
        let mut in_clear: Option<(Place, usize)> = None;
        for entry in section.node.map().unwrap_or_default() {
            let Some(password) = entry.node.text().filter(|_| &*entry.key != "enable") else { continue };
            if password.is_empty() {
                let text = format!(
                    "auth.password: the password of '{}' is empty: it is not let in",
                    entry.key.escape_debug()
                );
                self.warn(entry.place, text, "give it one");
                continue;
            }
            if !password.starts_with('$') {
                in_clear.get_or_insert((entry.place, 0)).1 += 1;
            }
            users.push(User {
                name: entry.key.clone(),
                password: Hidden::from(password),
                at: At(entry.place),
            });
        }
        if let Some((place, count)) = in_clear {
            let passwords = if count == 1 { "a password stands" } else { "passwords stand" };
            let text = format!("auth.password: {passwords} in clear here, {count} in all");
            self.warn(place, text, "'vouchmq passwd' writes hashes, which may stand here as well");
        }
        Some(users)
    }

    fn order(&mut self, list: &crate::tree::Node) -> Vec<AuthenticatorName> {
        let mut order = Vec::new();
        for node in list.list().unwrap_or_default() {
            let name = match node.text() {
                Some("registry") => AuthenticatorName::Registry,
                Some("file") => AuthenticatorName::File,
                Some("http") => AuthenticatorName::Http,
                _ => continue,
            };
            if order.contains(&name) {
                self.error(node.place, "auth.order: it stands there twice", "name each one once");
            }
            order.push(name);
        }
        order
    }

    /// Where a service was to be asked by HTTP, it would have had to agree to everybody who is let in without the
    /// registry. It cannot be asked yet: so nobody but the devices of the registry is let in.
    fn without_http(&mut self, authentication: &mut Authentication) {
        let asked = HTTP.into_iter().find_map(|path| {
            let node = self.root.find(path)?;
            let is_off = node.get("enable").and_then(crate::tree::Node::switch) == Some(false);
            (!is_off).then_some((path, node.place))
        });
        let Some((path, place)) = asked else { return };
        let text =
            format!("{path}: no service is asked by HTTP yet: nobody but devices of the registry is let in");
        self.warn(
            place,
            text,
            "take the block out if anonymous clients and users of the file are to be let in without it",
        );
        authentication.allow_anonymous = Some(false);
        authentication.order.retain(|name| *name == AuthenticatorName::Registry);
    }
}
