//! The table as a tree, to be walked beside a configuration.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::remote::SAME;
use super::row::{Effect, Row};
use super::rows;

/// What may stand at a place of a configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// The row, where a value stands.
    pub(crate) row: Option<&'static Row>,
    /// Keys, in lower case.
    named: BTreeMap<&'static str, Self>,
    /// What is below a name that the author of the file chooses.
    any: Option<Box<Self>>,
    /// What is in a list.
    item: Option<Box<Self>>,
    /// Whether anything here or below does something.
    pub(crate) acts: bool,
    /// Whether anything here or below is guarded.
    pub(crate) is_guarded: bool,
}

static WHOLE: LazyLock<Shape> = LazyLock::new(|| {
    let mut whole = Shape::default();
    for row in rows() {
        for path in variants(row.path) {
            whole.insert(&path, row);
        }
    }
    for (key, meant) in SAME {
        whole.same(key, meant);
    }
    whole
});

/// The paths that a path with `(.*)` stands for, as segments.
fn variants(path: &'static str) -> Vec<Vec<&'static str>> {
    let Some((before, behind)) = path.split_once("(.*)") else {
        return vec![path.split('.').collect()];
    };
    let behind = behind.trim_start_matches('.');
    let with = |name: &[&'static str]| {
        before.split('.').chain(name.iter().copied()).chain(behind.split('.')).collect()
    };
    vec![with(&[]), with(&["*"])]
}

impl Shape {
    /// Of a whole configuration.
    pub(crate) fn whole() -> &'static Self {
        &WHOLE
    }

    fn insert(&mut self, path: &[&'static str], row: &'static Row) {
        self.acts |= row.effect == Effect::Acts;
        self.is_guarded |= row.is_guarded;
        let Some((first, rest)) = path.split_first() else {
            self.row = Some(row);
            return;
        };
        if let Some(list) = first.strip_suffix("[]") {
            let list = self.named.entry(list).or_default();
            list.acts |= row.effect == Effect::Acts;
            list.is_guarded |= row.is_guarded;
            list.item.get_or_insert_default().insert(rest, row);
        } else if *first == "*" {
            self.any.get_or_insert_default().insert(rest, row);
        } else {
            self.named.entry(first).or_default().insert(rest, row);
        }
    }

    /// What may stand at `key` is what may stand at `meant`.
    fn same(&mut self, key: &str, meant: &str) {
        let below = meant.split('.').try_fold(&*self, |shape, key| shape.named.get(key)).cloned();
        let (path, last) = key.rsplit_once('.').unwrap_or(("", key));
        let mut path = path.split('.').filter(|key| !key.is_empty());
        let beside = path.try_fold(self, |shape, key| shape.named.get_mut(key));
        let place = beside.and_then(|beside| beside.named.get_mut(last));
        if let (Some(place), Some(below)) = (place, below) {
            *place = below;
        }
    }

    /// What may stand below a key: one of the table whatever its case, or a name.
    pub(crate) fn member(&self, key: &str) -> Option<&Self> {
        self.named(key).or(self.any.as_deref())
    }

    /// What may stand below a key of the table.
    pub(crate) fn named(&self, key: &str) -> Option<&Self> {
        self.named.get(&*key.to_ascii_lowercase())
    }

    /// What may stand in the list.
    pub(crate) fn item(&self) -> Option<&Self> {
        self.item.as_deref()
    }

    /// Whether there are keys or names below.
    pub(crate) fn is_block(&self) -> bool {
        self.any.is_some() || !self.named.is_empty()
    }

    /// The keys below.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static str> {
        self.named.keys().copied()
    }

    /// The row of a dotted key, names of the author included.
    pub(crate) fn row_of(&self, key: &str) -> Option<&'static Row> {
        let mut shape = self;
        for segment in key.split('.') {
            shape = shape.member(segment)?;
        }
        shape.row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_whatever_their_case_and_names_as_they_are() {
        let path = |key| Shape::whole().row_of(key).map(|row| row.path);
        assert_eq!(path("MQTT.Max_Packet_Size"), Some("mqtt.max_packet_size"));
        assert_eq!(path("listeners.ssl.keyfile"), Some("listeners.ssl(.*).keyfile"));
        assert_eq!(path("listeners.ssl.Backup.keyfile"), Some("listeners.ssl(.*).keyfile"));
        assert_eq!(path("auth.password.Alice"), Some("auth.password.*"));
        assert_eq!(path("bridges.mqtt.cache.enable"), Some("bridges.mqtt.cache.enable"));
        assert_eq!(path("bridges.mqtt.emqx.enable"), Some("bridges.mqtt.*.enable"));
        assert_eq!(path("HTTP_Auth.auth_req.ssl.KeyFile"), Some("auth.http_auth.auth_req.tls.keyfile"));
        assert_eq!(path("mqtt.nothing"), None);
    }

    #[test]
    fn a_shape_acts_if_a_row_below_does() {
        let acts = |key: &str| Shape::whole().member(key).is_some_and(|shape| shape.acts);
        assert!(acts("listeners"));
        assert!(acts("auth"));
        assert!(!acts("bridges"));
        assert!(!acts("webhook"));
    }
}
