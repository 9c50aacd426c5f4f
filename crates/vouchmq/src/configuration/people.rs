//! Who may connect beside the devices of the registry, and what they may do: users and rules of the configuration,
//! and of the files that it names.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use vouchmq_config::{Config, Outcome};
use vouchmq_identity::acl::{Effect, MosquittoAcl};
use vouchmq_identity::{Access, Configured, Order, PasswordFile, Users};

use super::{Mistake, regular};

/// Bytes of a file of users or rules.
const TEXT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// What was read: who may connect, and the order in which they are looked for.
pub(crate) struct People {
    pub(crate) configured: Configured,
    pub(crate) order: Order,
    /// What should be looked at.
    pub(crate) warnings: Vec<String>,
}

/// Reads the users and rules that a configuration has and names.
///
/// # Errors
/// Everything that is wrong with them.
pub(crate) fn read(config: &Config, outcome: &Outcome) -> Result<People, Vec<Mistake>> {
    let mut reading = Reading { mistakes: Vec::new(), warnings: Vec::new() };
    let users = reading.users(config, outcome);
    let access = reading.access(config);
    let order = Order::of_names(config.authentication.order.iter().map(|name| name.as_str()));
    let order = order.map_err(|fault| reading.mistake("auth.order", fault)).ok();
    let Reading { mistakes, warnings } = reading;
    let (true, Some(order)) = (mistakes.is_empty(), order) else { return Err(mistakes) };
    let allows_anonymous = config.authentication.allow_anonymous == Some(true);
    Ok(People { configured: Configured::new(users, allows_anonymous, access), order, warnings })
}

/// What has come of it so far.
struct Reading {
    mistakes: Vec<Mistake>,
    warnings: Vec<String>,
}

impl Reading {
    fn mistake(&mut self, place: impl ToString, text: impl ToString) {
        self.mistakes.push(Mistake::new(place, text));
    }

    /// A mistake that quotes a file.
    fn guarded(&mut self, place: impl ToString, text: impl ToString) {
        self.mistakes.push(Mistake::guarded(place, text));
    }

    /// `None` where none are configured at all.
    fn users(&mut self, config: &Config, outcome: &Outcome) -> Option<Users> {
        let authentication = &config.authentication;
        let mut users = Users::default();
        let mut are_configured = false;
        if let Some(listed) = &authentication.users {
            are_configured = true;
            let source: Arc<str> = "auth.password".into();
            for user in listed {
                if let Err(fault) = users.add(&user.name, user.password.expose(), &source) {
                    self.mistake(outcome.place(user.at.0), fault);
                }
            }
        }
        if let Some(path) = &authentication.password_file {
            are_configured = true;
            let source: Arc<str> = path.display().to_string().into();
            if let Some(text) = self.text(path)
                && let Err(fault) = PasswordFile::parse(&text, path)
                    .map_err(|fault| fault.to_string())
                    .and_then(|file| users.add_file(&file, &source).map_err(|fault| fault.to_string()))
            {
                self.guarded(path.display(), format!("{fault}; correct the line, or use 'vouchmq passwd'"));
            }
            self.look_at_mode(path);
        }
        if let Some(path) = &authentication.mosquitto_password_file {
            are_configured = true;
            if let Some(text) = self.text(path)
                && let Err(fault) = users.add_mosquitto(&text, path)
            {
                self.guarded(path.display(), fault);
            }
            self.look_at_mode(path);
        }
        are_configured.then_some(users)
    }

    fn access(&mut self, config: &Config) -> Access {
        let authorization = &config.authorization;
        let acl = &authorization.acl;
        if let Some(path) = &authorization.mosquitto_acl_file {
            if !acl.rules.is_empty() {
                let text = "there are rules in auth.acl too: which of them decides would be anybody's guess; \
                            take one of the two out";
                self.mistake("auth.mosquitto_acl_file", text);
            }
            let Some(text) = self.text(path) else { return Access::nothing() };
            return match MosquittoAcl::parse(&text) {
                Ok(acl) => Access::Mosquitto(Arc::new(acl)),
                Err(faults) => {
                    for fault in faults {
                        self.guarded(format_args!("{}:{}", path.display(), fault.line), fault.fault);
                    }
                    Access::nothing()
                }
            };
        }
        match (acl.rules.is_empty(), acl.no_match) {
            (true, Effect::Allow) => Access::everything(),
            (true, Effect::Deny) => Access::nothing(),
            (false, _) => Access::Ordered(Arc::new(acl.clone())),
        }
    }

    fn text(&mut self, path: &Path) -> Option<String> {
        match regular::text(path, TEXT_BYTES_MAX + 1) {
            // What is cut off could be the rule that refuses.
            Ok(text) if u64::try_from(text.len()).is_ok_and(|bytes| bytes > TEXT_BYTES_MAX) => {
                self.mistake(path.display(), format!("it has more than {TEXT_BYTES_MAX} bytes"));
                None
            }
            Ok(text) => Some(text),
            Err(error) => {
                let is_missing = error.kind() == io::ErrorKind::NotFound;
                let hint = if is_missing { "; make it with 'vouchmq passwd -c', or take it out" } else { "" };
                self.mistake(path.display(), format!("cannot be read: {error}{hint}"));
                None
            }
        }
    }

    fn look_at_mode(&mut self, path: &Path) {
        let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
        if mode & 0o077 != 0 {
            let (path, mode) = (path.display(), mode & 0o777);
            self.warnings.push(format!(
                "{path}: others may read or change the password file (mode {mode:03o}); chmod 600 would be better"
            ));
        }
    }
}
