//! From what a configuration says to what it means.

mod access;
mod acl;
mod http;
mod listeners;
mod log;
mod operators;
mod remote;
mod tls;
mod unsaid;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::config::{Config, Hidden, RegistryOptions, Settings, SystemOptions};
use crate::effective::entries;
use crate::guarded::Said;
use crate::hocon::{Note, Notes, Place, Severity};
use crate::inspect::Inspector;
use crate::layers::Layers;
use crate::outcome::Outcome;
use crate::schema::{Row, Shape, rows};
use crate::tree::Node;
use crate::value;

/// What the layers mean, and everything that is wrong with them.
pub fn resolve(layers: Layers) -> Outcome {
    let has_file = layers.has_file();
    let Layers { root, origins, mut notes, missing, absent, mut guarded, unshown } = layers;
    guarded.whole = Said::by(&root);
    let found = Inspector::inspect(&root, &unshown.variables, &mut notes);
    let mut resolver = Resolver { root: &root, notes: &mut notes, references: BTreeMap::new(), has_file };
    for include in &missing {
        if include.is_within("auth") || include.is_within("http_auth") {
            let text =
                format!("{} is missing: who may do what would not be what it says", include.path.display());
            resolver.error(include.place, text, "make the file, or take the include out");
        }
    }
    resolver.refuse_unsaid(&absent);
    let config = resolver.config();
    let references = resolver.references.into_values().collect();
    notes.sort();
    let notes = once(&notes);
    let config = (!notes.has_errors()).then_some(config);
    Outcome {
        config,
        entries: entries(found, &defaults(&root)),
        notes,
        origins,
        references,
        guarded,
        unshown,
    }
}

/// A block that two listeners share is wrong once.
fn once(notes: &Notes) -> Notes {
    let mut unique = Notes::default();
    let mut last: Option<&Note> = None;
    for note in notes {
        if last != Some(note) {
            unique.push(note.clone());
        }
        last = Some(note);
    }
    unique
}

/// The defaults that are in effect.
fn defaults(root: &Node) -> impl Fn(&Row, &str) -> Option<String> {
    let has_default = default_paths(root);
    let asks = root.find("auth.http_auth").is_some_and(remote::is_on);
    move |row, key| match key {
        "auth.order" if asks => Some("[registry, file, http]".to_owned()),
        _ => has_default(key).then(|| row.default_text()),
    }
}

/// Blocks that are not there have no defaults that would be in effect.
fn default_paths(root: &Node) -> impl Fn(&str) -> bool {
    let has_listeners = root.get("listeners").is_some();
    let has_service = root.get("auth_service").is_some();
    move |path| match path.split('.').next() {
        Some("listeners") => !has_listeners && path == "listeners.tcp.bind",
        Some("auth_service") => has_service || path == "auth_service.bind",
        _ if path.starts_with("auth.http_auth.") => {
            // Defaults of TLS and of blocks that are not there.
            !path.contains(".tls.")
                && path.rsplit_once('.').is_some_and(|(block, _)| root.find(block).is_some())
        }
        _ => !path.contains(".tls."),
    }
}

/// A file that a configuration names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) path: PathBuf,
    pub(crate) place: Place,
    pub(crate) key: String,
    /// Whether anything reads it.
    pub(crate) is_active: bool,
}

/// Reads what the inspector has found possible; what it has not counts as not said, and is an error already.
struct Resolver<'a> {
    root: &'a Node,
    notes: &'a mut Notes,
    /// By the place where they are named: one file is one reference.
    references: BTreeMap<(Place, PathBuf), Reference>,
    has_file: bool,
}

/// A block, and the key that leads to it.
#[derive(Clone)]
struct Section<'a> {
    path: String,
    node: &'a Node,
}

impl<'a> Resolver<'a> {
    fn config(&mut self) -> Config {
        let settings = self.settings();
        let remote = self.remote(settings.limits.connect_deadline);
        let (authentication, authorization) = self.access(remote.as_ref());
        let system = self.system();
        let (authentication_service, authentication_service_unbound) = match self.authentication_service() {
            Some((options, true)) => (Some(options), None),
            Some((options, false)) => (None, Some(options)),
            None => (None, None),
        };
        Config {
            listeners: self.listeners(),
            settings,
            authentication,
            remote,
            authorization,
            management: self.management(),
            registration: self.registration(),
            authentication_service,
            authentication_service_unbound,
            registry: self.registry(),
            log: self.log(&system.data),
            system,
        }
    }

    /// Every row with bounds.
    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        for row in rows() {
            let Some(setting) = row.setting else { continue };
            let amount = self.root.find(row.path).and_then(|node| value::amount(node, row));
            if let Some(amount) = amount {
                (setting.set)(&mut settings, amount);
            }
        }
        settings
    }

    fn system(&self) -> SystemOptions {
        let data = self.root.find("system.data").and_then(Node::text).map(PathBuf::from);
        let shards = self.number("system.shards").and_then(|shards| u16::try_from(shards).ok());
        let default = SystemOptions::default();
        SystemOptions { data: data.unwrap_or(default.data), shards: shards.filter(|shards| *shards > 0) }
    }

    fn registry(&self) -> RegistryOptions {
        RegistryOptions {
            database: self.root.find("registry.database").and_then(Node::text).map(Hidden::from),
        }
    }

    /// The number at a path, where it is possible.
    fn number(&self, path: &str) -> Option<u64> {
        let node = self.root.find(path)?;
        value::amount(node, Shape::whole().row_of(path)?)
    }

    fn section(&self, path: &str) -> Option<Section<'a>> {
        let root: &'a Node = self.root;
        let node = root.find(path).filter(|node| node.map().is_some())?;
        Some(Section { path: path.to_owned(), node })
    }

    /// Notes a file that is named.
    fn refer(&mut self, section: &Section<'a>, key: &str, is_active: bool) -> Option<PathBuf> {
        let node = section.get(key)?;
        let path = PathBuf::from(node.text().filter(|text| !text.is_empty())?);
        let (place, key) = (node.place, section.key(key));
        self.wants(Reference { path: path.clone(), place, key, is_active });
        Some(path)
    }

    /// A file is wanted if anything wants it.
    fn wants(&mut self, reference: Reference) {
        let is_active = reference.is_active;
        let one = (reference.place, reference.path.clone());
        self.references.entry(one).or_insert(reference).is_active |= is_active;
    }

    fn error(&mut self, place: Place, text: impl Into<String>, hint: &str) {
        self.notes.push(Note::new(Severity::Error, place, text).hint(hint));
    }

    fn warn(&mut self, place: Place, text: impl Into<String>, hint: &str) {
        self.notes.push(Note::new(Severity::Warning, place, text).hint(hint));
    }
}

impl<'a> Section<'a> {
    fn get(&self, key: &str) -> Option<&'a Node> {
        self.node.find(key)
    }

    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.text()
    }

    fn switch(&self, key: &str) -> Option<bool> {
        self.get(key)?.switch()
    }

    fn list(&self, key: &str) -> Option<&'a [Node]> {
        self.get(key)?.list()
    }

    fn texts(&self, key: &str) -> impl Iterator<Item = &'a str> {
        self.list(key).unwrap_or_default().iter().filter_map(Node::text)
    }

    /// Whether `enable` does not say otherwise.
    fn is_on(&self) -> bool {
        self.switch("enable") != Some(false)
    }
}
