//! `auth`: who may connect, and what they may do. What is not said is closed.

use vouchmq_client::remote::options::RemoteOptions;
use vouchmq_identity::AuthenticatorName;
use vouchmq_identity::acl::{Effect, OrderedAcl};

use super::{Resolver, Section};
use crate::config::remote::knows_everybody;
use crate::config::{At, Authentication, Authorization, Hidden, User};
use crate::hocon::Place;

impl<'a> Resolver<'a> {
    /// `remote` is the service that is asked.
    pub(super) fn access(&mut self, remote: Option<&RemoteOptions>) -> (Authentication, Authorization) {
        let Some(section) = self.section("auth") else {
            return (Authentication::default(), Authorization::default());
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
        } else if self.remote_block().is_some() {
            authentication.order.push(AuthenticatorName::Http);
        }
        self.doubt_order(&section, &authentication, remote);
        if authentication.allow_anonymous == Some(true) {
            self.doubt_anonymous(&section, &authentication, remote);
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

    /// Tells what an order means that is not what somebody expects.
    fn doubt_order(
        &mut self,
        section: &Section<'a>,
        authentication: &Authentication,
        remote: Option<&RemoteOptions>,
    ) {
        let order = &authentication.order;
        let place = section.get("order").map_or(section.node.place, |node| node.place);
        let position = |name| order.iter().position(|other| *other == name);
        let (file, http) = (position(AuthenticatorName::File), position(AuthenticatorName::Http));
        let has_users = authentication.users.is_some()
            || authentication.password_file.is_some()
            || authentication.mosquitto_password_file.is_some();
        if has_users && file.is_none() {
            self.warn(place, "auth.order: users of the file are not asked about", "add file to it");
        }
        let asks = self.remote_block().is_some();
        match http {
            None if asks => {
                let text =
                    "auth.order: the service of auth.http_auth is not asked, as http does not stand there";
                self.warn(place, text, "add http to it");
            }
            Some(_) if !asks => {
                let text = "auth.order: there is no service that http stands for";
                self.error(place, text, "configure auth.http_auth, or take http out");
            }
            Some(at) if at + 1 < order.len() && remote.is_some_and(knows_everybody) => {
                let text =
                    "auth.order: who stands behind http is not asked: the service decides about everybody";
                self.warn(place, text, "write http last");
            }
            Some(at) if has_users && file.is_some_and(|file| file < at) => {
                let text = "auth.order: the service is not asked about users of the file: their passwords let them in. \
                            NanoMQ wants both to agree";
                self.warn(place, text, "take the users out, or write auth.order = [registry, http]");
            }
            Some(_) | None => {}
        }
    }

    fn doubt_anonymous(
        &mut self,
        section: &Section<'a>,
        authentication: &Authentication,
        remote: Option<&RemoteOptions>,
    ) {
        let place = section.get("allow_anonymous").map_or(section.node.place, |node| node.place);
        let remote = remote.filter(|_| authentication.order.contains(&AuthenticatorName::Http));
        let (text, hint) = match remote {
            None => (
                "auth.allow_anonymous: ANYBODY MAY CONNECT without a user name, and do what auth.acl and auth.no_match let it",
                "write false, and give devices credentials",
            ),
            Some(remote) if knows_everybody(remote) => (
                "auth.allow_anonymous: the service of auth.http_auth decides about clients without a user name, too",
                "write false, which means the same as long as the service is asked",
            ),
            Some(_) => (
                "auth.allow_anonymous: ANYBODY MAY CONNECT without a user name of whom the service of auth.http_auth says nothing, and do what auth.acl and auth.no_match let it",
                "write false, and have the service decide",
            ),
        };
        self.warn(place, text, hint);
    }
}
