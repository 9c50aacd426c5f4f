//! `http_server`: who operators are, and how they show it.

use std::path::{Path, PathBuf};

use vouchmq_identity::jwt::{Algorithm, Policy};
use vouchmq_identity::model::{Rights, Role, Scope};
use vouchmq_tls::Fingerprint;

use super::{Reference, Resolver, Section};
use crate::address;
use crate::config::{
    At, Hidden, KNOWN_PASSWORD, ManagementLogin, OperatorCertificate, OperatorUser, TokenOptions,
};

/// As NanoMQ calls its one operator.
const USER: &str = "admin";
/// Operators that a file names; more belong into whatever issues tokens.
const OPERATORS_MAX: usize = 64;

impl<'a> Resolver<'a> {
    pub(super) fn login(&mut self, section: &Section<'a>) -> ManagementLogin {
        let kind = section.text("auth_type").unwrap_or("basic");
        let is_open = (kind == "no_auth").then(|| {
            let place = section.get("auth_type").map_or(section.node.place, |node| node.place);
            let text = "http_server.auth_type: WHOEVER IS ON THIS MACHINE MAY DO EVERYTHING, without showing who it is";
            self.warn(place, text, "write basic or jwt; a proxy in front of it would let in everybody else, too");
            At(place)
        });
        let mut users = self.users_of_nanomq(section);
        self.operator_users(section, &mut users);
        if kind == "jwt" && !users.is_empty() {
            let place = section.get("auth_type").map_or(section.node.place, |node| node.place);
            let text = "http_server.auth_type = jwt: user names and passwords open nothing";
            self.warn(
                place,
                text,
                "take them out, or write basic, with which tokens of http_server.jwt.issuer open, too",
            );
            users.clear();
        }
        let tokens = self.tokens(section, kind == "jwt");
        ManagementLogin { is_open, users, tokens, certificates: self.operator_certificates(section) }
    }

    /// `username` and `password`.
    fn users_of_nanomq(&mut self, section: &Section<'a>) -> Vec<OperatorUser> {
        let Some(password) = section.get("password") else {
            if let Some(name) = section.get("username") {
                let text = "http_server.username: without a password there is no such operator, where NanoMQ takes 'public'";
                self.warn(name.place, text, "write http_server.password as well");
            }
            return Vec::new();
        };
        let name = section.text("username").unwrap_or(USER);
        let rights = Rights::administrator();
        let user =
            self.operator_user("http_server", name, password.text(), rights, Vec::new(), password.place);
        user.into_iter().collect()
    }

    fn operator_users(&mut self, section: &Section<'a>, users: &mut Vec<OperatorUser>) {
        for node in section.list("users").unwrap_or_default() {
            let user = Section { path: section.key("users[]"), node };
            let Some(name) = user.text("name") else {
                self.error(node.place, format!("{} has no name", user.path), "give it one");
                continue;
            };
            let rights = self.rights(&user);
            let networks = user.texts("networks").filter_map(|text| address::network(text).ok()).collect();
            let Some(found) =
                self.operator_user(&user.path, name, user.text("password"), rights, networks, node.place)
            else {
                continue;
            };
            if users.iter().any(|other| other.name == found.name) {
                let text = format!("{}: two have the same name", user.path);
                self.error(node.place, text, "a user name is one operator's");
            }
            users.push(found);
        }
        if users.len() > OPERATORS_MAX {
            let text = format!("http_server.users: more than {OPERATORS_MAX}");
            self.error(section.node.place, text, "have tokens issued to them instead");
        }
    }

    fn operator_user(
        &mut self,
        path: &str,
        name: &str,
        password: Option<&str>,
        rights: Rights,
        networks: Vec<vouchmq_identity::Cidr>,
        place: crate::hocon::Place,
    ) -> Option<OperatorUser> {
        if !is_name(name) || name.contains(':') {
            let text = format!("{path}: this is no user name");
            self.error(place, text, "1 to 128 bytes without a colon and control characters");
            return None;
        }
        let Some(password) = password.filter(|password| !password.is_empty()) else {
            let text =
                format!("{path}: the operator '{}' has no password: it is not let in", name.escape_debug());
            self.warn(place, text, "give it one");
            return None;
        };
        let user = OperatorUser {
            name: name.into(),
            password: Hidden::from(password),
            rights,
            networks,
            at: At(place),
        };
        if user.has_known_password() {
            let text = format!(
                "{path}: the password of the operator '{}' is {}, which EVERYBODY KNOWS",
                name.escape_debug(),
                if password == KNOWN_PASSWORD { "NanoMQ's default" } else { "NanoMQ's user name" },
            );
            self.warn(place, text, "choose another one; it is not taken on other addresses than loopback");
        } else if !password.starts_with('$') {
            let text = format!(
                "{path}: the password of the operator '{}' stands in clear here",
                name.escape_debug()
            );
            self.warn(place, text, "'vouchmq passwd' writes hashes, which may stand here as well");
        }
        Some(user)
    }

    /// `role` and `scopes` of a block, of which there has to be one.
    fn rights(&mut self, section: &Section<'a>) -> Rights {
        let role = section.text("role").and_then(|word| word.parse::<Role>().ok());
        let mut scopes = Vec::new();
        for node in section.list("scopes").unwrap_or_default() {
            match node.text().map(str::parse::<Scope>) {
                Some(Ok(scope)) => scopes.push(scope),
                Some(Err(unknown)) => {
                    let text = format!("{}: {unknown}", section.key("scopes"));
                    self.error(node.place, text, "docs/operators.md says what each opens");
                }
                None => {}
            }
        }
        let rights = Rights::new(role, scopes);
        if rights.is_empty() {
            let text = format!("{} has neither role nor scopes: it would open nothing", section.path);
            self.error(section.node.place, text, "write role = viewer, or scopes = [\"devices:read\"]");
        }
        rights
    }

    fn operator_certificates(&mut self, section: &Section<'a>) -> Vec<OperatorCertificate> {
        let mut all: Vec<OperatorCertificate> = Vec::new();
        for node in section.list("certificates").unwrap_or_default() {
            let block = Section { path: section.key("certificates[]"), node };
            let fingerprint = block.text("fingerprint").map(str::parse::<Fingerprint>);
            if let Some(Err(fault)) = &fingerprint {
                let text = format!("{}: {fault}", block.key("fingerprint"));
                self.error(node.place, text, "write it as sha256:… and 64 digits");
            }
            let (subject, alternative_name) = (block.text("subject"), block.text("san"));
            if fingerprint.is_none() && subject.is_none() && alternative_name.is_none() {
                let text = format!("{}: it does not say which certificate", block.path);
                self.error(node.place, text, "write subject, san or fingerprint");
            }
            let rights = self.rights(&block);
            let Some(name) = block.text("name").filter(|name| is_name(name)) else {
                let text = format!("{} has no name, or none of 1 to 128 bytes", block.path);
                self.error(node.place, text, "give it one, for the audit log");
                continue;
            };
            let fingerprint = fingerprint.and_then(Result::ok);
            let (subject, alternative_name) = (subject.map(Into::into), alternative_name.map(Into::into));
            all.push(OperatorCertificate {
                name: name.into(),
                subject,
                alternative_name,
                fingerprint,
                rights,
            });
        }
        let asks =
            section.get("tls").and_then(|tls| tls.find("verify_peer")).and_then(crate::tree::Node::switch);
        let requires = section.get("tls").and_then(|tls| tls.find("fail_if_no_peer_cert"));
        if !all.is_empty() && asks != Some(true) && requires.and_then(crate::tree::Node::switch) != Some(true)
        {
            let text = "http_server.certificates: nobody is asked for a certificate";
            self.warn(section.node.place, text, "write http_server.tls.verify_peer = true, and cacertfile");
        }
        all
    }

    /// `is_asked`: `auth_type` wants tokens.
    fn tokens(&mut self, section: &Section<'a>, is_asked: bool) -> Option<TokenOptions> {
        let jwt = section.get("jwt").filter(|node| node.map().is_some());
        let Some(jwt) = jwt.map(|node| Section { path: section.key("jwt"), node }) else {
            if is_asked {
                let text = "http_server.auth_type = jwt: there is no key that a token could be verified with";
                self.warn(section.node.place, text, "write http_server.jwt { public.keyfile = \"…\" }");
            }
            return None;
        };
        let is_ours =
            ["issuer", "audience", "keyfiles", "jwks_file"].iter().any(|key| jwt.get(key).is_some());
        let of_nanomq = self.refer(&jwt, "public.keyfile", is_asked || is_ours);
        let key_set_file = self.refer(&jwt, "jwks_file", true);
        let mut key_files: Vec<PathBuf> = of_nanomq.iter().cloned().collect();
        for node in jwt.list("keyfiles").unwrap_or_default() {
            let Some(path) = node.text().map(PathBuf::from) else { continue };
            self.wants(Reference {
                path: path.clone(),
                place: node.place,
                key: jwt.key("keyfiles"),
                is_active: true,
            });
            key_files.push(path);
        }
        if !is_asked && !is_ours {
            return None;
        }
        if key_files.is_empty() && key_set_file.is_none() {
            let text = "http_server.jwt: there is no key that a token could be verified with";
            self.error(jwt.node.place, text, "write keyfiles, jwks_file or public.keyfile");
            return None;
        }
        let policy = if is_ours {
            self.our_policy(&jwt)?
        } else {
            self.policy_of_nanomq(&jwt, of_nanomq.as_deref()?)?
        };
        let said = jwt.text("algorithm").and_then(|word| word.parse().ok());
        let algorithm = if is_ours { said } else { Some(Algorithm::Rs256) };
        Some(TokenOptions { key_files, key_set_file, algorithm, policy, at: At(jwt.node.place) })
    }

    fn our_policy(&mut self, jwt: &Section<'a>) -> Option<Policy> {
        let said = |key: &str| jwt.text(key).filter(|text| !text.is_empty());
        let (Some(issuer), Some(audience)) = (said("issuer"), said("audience")) else {
            let text = "http_server.jwt: issuer and audience have to be there: else a token that was issued to somebody else for something else opens this broker";
            self.error(jwt.node.place, text, "write both; or public.keyfile alone, for tokens of NanoMQ");
            return None;
        };
        Some(self.with_bounds(jwt, Policy::strict(issuer, audience)))
    }

    fn policy_of_nanomq(&mut self, jwt: &Section<'a>, file: &Path) -> Option<Policy> {
        let place = jwt.get("public.keyfile").map_or(jwt.node.place, |node| node.place);
        let Some(name) = file.file_name().and_then(|name| name.to_str()) else {
            self.error(
                place,
                "http_server.jwt.public.keyfile: this names no file",
                "write the path of a public key",
            );
            return None;
        };
        let text = format!(
            "http_server.jwt: tokens are taken as NanoMQ takes them: RS256, issued by '{}', for whomever; one without role and scope IS AN ADMINISTRATOR",
            name.escape_debug()
        );
        self.warn(place, text, "write issuer and audience as well, and have tokens say role or scope");
        Some(self.with_bounds(jwt, Policy::nanomq(name)))
    }

    fn with_bounds(&self, jwt: &Section<'a>, mut policy: Policy) -> Policy {
        let number = |key: &str| self.number(&jwt.key(key));
        policy.leeway_secs = number("leeway").unwrap_or(policy.leeway_secs);
        policy.lifetime_secs_max = number("max_lifetime").filter(|secs| *secs > 0);
        if let Some(claim) = jwt.text("role_claim") {
            policy.role_claim = claim.into();
        }
        policy.scope_claim = jwt.text("scope_claim").map(Into::into);
        policy
    }
}

/// Safe in the audit log, with what stands before it there.
fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && !name.contains(char::is_control)
}
