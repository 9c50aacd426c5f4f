//! Who operators are: what a configuration says, and the key files that it names.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use vouchmq_api::management::{KnownCertificate, KnownUser, Logins, Tokens};
use vouchmq_broker::ListenAddress;
use vouchmq_config::{
    Config, KNOWN_PASSWORDS, ManagementLogin, ManagementOptions, OperatorCertificate, OperatorUser, Outcome,
    TokenOptions,
};
use vouchmq_identity::NoEntropy;
use vouchmq_identity::jwt::{Key, Keys};
use vouchmq_identity::passwords::{MemoryKey, Passwords};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_registrar::SystemEntropy;

use super::{Mistake, regular};

/// Bytes of a file of keys.
const KEYS_BYTES_MAX: u64 = 256 * 1024;

/// Reads who is let in at the management API; nobody but who holds a token or a key where there is none.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn read(config: &Config, outcome: &Outcome) -> Result<Logins, Vec<Mistake>> {
    let Some(management) = &config.management else { return Ok(Logins::default()) };
    let users = management.login.users.iter();
    let known = users.filter(|user| has_known_password(user)).map(|user| &*user.name).collect();
    let mut reading = Reading { outcome, known, mistakes: Vec::new() };
    reading.refuse_exposed(management);
    let logins = reading.logins(&management.login);
    if reading.mistakes.is_empty() { Ok(logins) } else { Err(reading.mistakes) }
}

/// What has come of it so far.
struct Reading<'a> {
    outcome: &'a Outcome,
    /// Users whose password everybody knows.
    known: BTreeSet<&'a str>,
    mistakes: Vec<Mistake>,
}

impl Reading<'_> {
    fn mistake(&mut self, place: impl ToString, text: impl ToString) {
        self.mistakes.push(Mistake::new(place, text));
    }

    /// What everybody knows, or need not know, is not for a network.
    fn refuse_exposed(&mut self, management: &ManagementOptions) {
        let login = &management.login;
        let rules = &management.http.rules;
        let proxied = (rules.has_proxy_protocol || !rules.trusted_proxies.is_empty())
            .then(|| "others come by its trusted_proxies".to_owned());
        let Some(why) = exposed(management).or(proxied) else { return };
        if let Some(at) = login.is_open {
            let text = format!(
                "http_server.auth_type = no_auth: {why}: everybody who gets there could do everything; write basic or \
                 jwt, or listen on 127.0.0.1 and nowhere else"
            );
            self.mistake(self.outcome.place(at.0), text);
        }
        let users = login.users.iter().filter(|user| self.known.contains(&*user.name));
        for user in users.collect::<Vec<_>>() {
            let text = format!(
                "the password of the operator '{}' is NanoMQ's default or its user name, which everybody knows, and {why}; \
                 choose another one, or listen on 127.0.0.1 and without trusted_proxies",
                user.name.escape_debug()
            );
            self.mistake(self.outcome.place(user.at.0), text);
        }
    }

    fn logins(&mut self, login: &ManagementLogin) -> Logins {
        let mut logins = Logins::default().with_certificates(login.certificates.iter().map(known).collect());
        if login.is_open.is_some() {
            logins = logins.open();
        }
        if let Some(tokens) = login.tokens.as_ref().and_then(|options| self.tokens(options)) {
            logins = logins.with_tokens(tokens);
        }
        match self.passwords(login) {
            Some(passwords) => {
                let known = |user: &OperatorUser| {
                    let known = KnownUser::new(user.rights.clone(), user.networks.clone());
                    let is_known = self.known.contains(&*user.name);
                    let known = if is_known { known.of_this_machine() } else { known };
                    (user.name.clone(), known)
                };
                logins.with_users(passwords, login.users.iter().map(known))
            }
            None => logins,
        }
    }

    fn passwords(&mut self, login: &ManagementLogin) -> Option<Passwords> {
        let key = memory_key().map_err(|fault| self.mistake("http_server.users", fault)).ok()?;
        let mut passwords = Passwords::under(&key);
        for user in &login.users {
            if let Err(fault) = passwords.add(&user.name, user.password.expose(), &mut SystemEntropy) {
                let text = format!("the operator '{}': {fault}", user.name.escape_debug());
                self.mistake(self.outcome.place(user.at.0), text);
            }
        }
        Some(passwords)
    }

    fn tokens(&mut self, options: &TokenOptions) -> Option<Tokens> {
        let mut keys = Keys::default();
        for file in &options.key_files {
            let key = self.text(file).map(|text| Key::from_pem(&text).and_then(|key| keys.add(key)));
            self.told(file, key);
        }
        if let Some(file) = &options.key_set_file {
            let found =
                self.text(file).map(|text| Keys::from_jwks(&text).and_then(|found| keys.extend(found)));
            self.told(file, found);
        }
        let place = self.outcome.place(options.at.0);
        let keys = match options.algorithm {
            Some(algorithm) => keys.all_for(algorithm),
            None => Ok(keys),
        };
        let keys = keys.map_err(|fault| self.mistake(place, format!("http_server.jwt: {fault}"))).ok()?;
        Some(Tokens::new(keys, options.policy.clone()))
    }

    fn told(&mut self, file: &Path, read: Option<Result<(), vouchmq_identity::jwt::KeyFault>>) {
        if let Some(Err(fault)) = read {
            self.mistakes.push(Mistake::guarded(file.display(), fault));
        }
    }

    fn text(&mut self, file: &Path) -> Option<String> {
        match regular::text(file, KEYS_BYTES_MAX) {
            Ok(text) => Some(text),
            Err(error) => {
                self.mistake(file.display(), format!("cannot be read: {error}"));
                None
            }
        }
    }
}

/// One for as long as this process lives: what was right before a reload is known after it.
fn memory_key() -> Result<MemoryKey, NoEntropy> {
    static KEY: OnceLock<MemoryKey> = OnceLock::new();
    match KEY.get() {
        Some(key) => Ok(key.clone()),
        None => MemoryKey::new(&mut SystemEntropy).map(|key| KEY.get_or_init(|| key).clone()),
    }
}

/// Whether its password is one that everybody knows, in clear or behind a hash. Takes its time.
fn has_known_password(user: &OperatorUser) -> bool {
    if user.has_known_password() {
        return true;
    }
    let Ok(mut passwords) = Passwords::new(&mut SystemEntropy) else { return true };
    // What is no hash was compared; what is none that is read is a mistake of its own.
    if !user.password.expose().starts_with('$')
        || passwords.add(&user.name, user.password.expose(), &mut SystemEntropy).is_err()
    {
        return false;
    }
    let proves = |known: &&str| passwords.proves(&user.name, known.as_bytes(), Timestamp::ZERO);
    // What cannot be looked at is no good password.
    KNOWN_PASSWORDS.iter().any(|known| proves(known).unwrap_or(true))
}

fn known(certificate: &OperatorCertificate) -> KnownCertificate {
    let OperatorCertificate { name, subject, alternative_name, fingerprint, rights } = certificate.clone();
    KnownCertificate { name, subject, alternative_name, fingerprint, rights }
}

/// An address that others than processes of this machine reach, in words.
fn exposed(management: &ManagementOptions) -> Option<String> {
    management.http.addresses.iter().find_map(|address| match address {
        ListenAddress::Tcp(address) if !address.ip().to_canonical().is_loopback() => {
            Some(format!("{address} is not loopback"))
        }
        ListenAddress::Tcp(_) | ListenAddress::Unix(_) => None,
    })
}
