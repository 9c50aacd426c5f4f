//! What a process was asked to be: by its command line, its environment and its files. Read again by each reload.

use std::net::SocketAddr;
use std::path::PathBuf;

use vouchmq_api::management::Logins;
use vouchmq_broker::{ListenAddress, ListenerOptions};
use vouchmq_config::{
    AuthenticationServiceOptions, Config, HttpListenerOptions, ManagementOptions, Outcome,
    RegistrationOptions,
};

use super::http::Listen;
use super::{Arguments, log};
use crate::configuration::Mistake;
use crate::configuration::operators;
use crate::configuration::people::{self, People};
use crate::configuration::{self, Drafts, Said};

/// What the command line says.
pub(super) struct Asked {
    said: Said,
    /// `None`: it says nothing.
    listen: Option<Vec<ListenAddress>>,
    shards: Option<u16>,
    allows_anonymous: bool,
    user_file: Option<PathBuf>,
    management: Option<Listen>,
    authentication: Option<Listen>,
    registration: Option<Listen>,
    database: Option<String>,
    log: log::Arguments,
}

/// What all of it comes to.
pub(super) struct Wanted {
    pub(super) config: Config,
    pub(super) outcome: Outcome,
    pub(super) people: People,
    /// Who is let in at the management API.
    pub(super) logins: Logins,
}

impl Asked {
    /// What these arguments say.
    ///
    /// # Errors
    /// `--listen` is no list of addresses.
    pub(super) fn by(arguments: &Arguments) -> Result<Self, String> {
        let said =
            Said { file: arguments.config.clone(), data: arguments.data.clone(), set: arguments.set.clone() };
        Ok(Self {
            said,
            listen: arguments.listen.as_deref().map(addresses).transpose()?,
            shards: arguments.shards,
            allows_anonymous: arguments.allow_anonymous,
            user_file: arguments.user_file.clone(),
            management: arguments.api_listen,
            authentication: arguments.authentication_listen,
            registration: arguments.register_listen,
            database: arguments.database.clone(),
            log: arguments.log,
        })
    }

    /// Reads everything there is to read.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn read(&self) -> Result<Wanted, Vec<Mistake>> {
        self.read_with(&Drafts::default())
    }

    /// The same, if these drafts were written.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn read_with(&self, drafts: &Drafts) -> Result<Wanted, Vec<Mistake>> {
        let mut outcome = configuration::outcome_with(&self.said, drafts);
        let Some(mut config) = outcome.config.take() else {
            let mistakes = outcome.mistakes().map(Mistake::from);
            return Err(mistakes.collect());
        };
        self.apply(&mut config);
        let (people, logins) = match (people::read(&config, &outcome), operators::read(&config, &outcome)) {
            (Ok(people), Ok(logins)) => (people, logins),
            (people, logins) => {
                let mistakes = people.err().into_iter().chain(logins.err()).flatten();
                return Err(mistakes.collect());
            }
        };
        Ok(Wanted { config, outcome, people, logins })
    }

    /// What the command line says about files.
    pub(super) const fn said(&self) -> &Said {
        &self.said
    }

    /// Where clients connect, if flags say so.
    pub(super) fn addresses(&self) -> Option<String> {
        let listen = self.listen.as_ref()?;
        let addresses: Vec<String> = listen.iter().map(ToString::to_string).collect();
        Some(if addresses.is_empty() { "off".to_owned() } else { addresses.join(", ") })
    }

    /// The flag that says what a key is, whatever files and variables say, with the value that it says if the key
    /// has one.
    pub(super) fn overruling(&self, key: &str) -> Option<(&'static str, Option<String>)> {
        let listens = |listen: Option<Listen>| {
            listen.map(|Listen(address)| {
                address.map_or_else(|| "off".to_owned(), |address| address.to_string())
            })
        };
        if key == "listeners" || key.starts_with("listeners.") {
            return self.listen.is_some().then_some(("--listen", None));
        }
        match key {
            "system.shards" => self.shards.map(|shards| ("--shards", Some(shards.to_string()))),
            "auth.allow_anonymous" => {
                self.allows_anonymous.then(|| ("--allow-anonymous", Some("true".to_owned())))
            }
            "auth.password_file" => {
                let path = self.user_file.as_ref()?;
                Some(("--user-file", Some(path.display().to_string())))
            }
            "registry.database" => {
                self.database.as_ref().map(|_| ("--database", Some("(hidden)".to_owned())))
            }
            "http_server.enable" => {
                self.management.map(|Listen(address)| ("--api-listen", Some(address.is_some().to_string())))
            }
            "http_server.ip_addr" | "http_server.port" => {
                let address = self.management?.0;
                let told = |address: SocketAddr| match key {
                    "http_server.port" => address.port().to_string(),
                    _ => address.ip().to_string(),
                };
                Some(("--api-listen", Some(address.map_or_else(|| "off".to_owned(), told))))
            }
            "http_server.bind" => listens(self.management).map(|told| ("--api-listen", Some(told))),
            "registration.bind" => listens(self.registration).map(|told| ("--register-listen", Some(told))),
            "auth_service.bind" => listens(self.authentication).map(|told| ("--auth-listen", Some(told))),
            "log.level" => self.log.level().map(|level| ("--log-level", Some(level))),
            "log.format" => self.log.format().map(|format| ("--log-format", Some(format))),
            _ => None,
        }
    }

    /// Puts what flags say in place of what files and variables say.
    fn apply(&self, config: &mut Config) {
        if let Some(listen) = &self.listen {
            config.listeners =
                listen.iter().enumerate().map(|(number, address)| plain(number, address)).collect();
        }
        if let Some(shards) = self.shards {
            config.system.shards = Some(shards);
        }
        if self.allows_anonymous {
            config.authentication.allow_anonymous = Some(true);
        }
        if let Some(path) = &self.user_file {
            config.authentication.password_file = Some(path.clone());
        }
        if let Some(database) = &self.database {
            config.registry.database = Some(database.as_str().into());
        }
        match self.management {
            None => {}
            Some(Listen(None)) => config.management = None,
            Some(Listen(Some(address))) => match &mut config.management {
                Some(management) => management.http.move_to(address),
                None => config.management = Some(ManagementOptions::at(address)),
            },
        }
        match self.registration {
            None => {}
            Some(Listen(None)) => config.registration = None,
            Some(Listen(Some(address))) => match &mut config.registration {
                Some(registration) => registration.http.move_to(address),
                None => {
                    config.registration =
                        Some(RegistrationOptions { http: HttpListenerOptions::at(address) });
                }
            },
        }
        match self.authentication {
            None => {}
            Some(Listen(None)) => config.authentication_service = None,
            Some(Listen(Some(address))) => match &mut config.authentication_service {
                Some(service) => service.http.move_to(address),
                None => {
                    let http = HttpListenerOptions::at(address);
                    let service = match config.authentication_service_unbound.take() {
                        // Who may ask is said, though not where.
                        Some(said) => AuthenticationServiceOptions { http, ..said },
                        None => AuthenticationServiceOptions::at(http),
                    };
                    config.authentication_service = Some(service);
                }
            },
        }
        self.log.apply(&mut config.log);
    }
}

fn plain(number: usize, address: &ListenAddress) -> ListenerOptions {
    let name = if number == 0 { "tcp".to_owned() } else { format!("tcp.{}", number + 1) };
    ListenerOptions::plain(&name, address.clone())
}

fn addresses(texts: &[String]) -> Result<Vec<ListenAddress>, String> {
    if texts.iter().any(|text| text == "off") {
        return if texts.len() == 1 {
            Ok(Vec::new())
        } else {
            Err("--listen off and other addresses contradict each other; leave one of them out".to_owned())
        };
    }
    texts.iter().map(|text| text.parse().map_err(|why| format!("--listen: {why}"))).collect()
}
