use vouchmq_client::dto::configuration::EffectiveValue;

/// What the broker is told to be, by key.
#[derive(Clone, Debug)]
pub(super) struct InEffect(Vec<EffectiveValue>);

impl InEffect {
    pub(super) const fn new(values: Vec<EffectiveValue>) -> Self {
        Self(values)
    }

    /// The value of a key; of a listener with a name where the one without is not there.
    pub(super) fn get(&self, key: &str) -> Option<&EffectiveValue> {
        self.0.iter().find(|value| value.key == key).or_else(|| self.of_named_listener(key))
    }

    /// The key that is to be written for `key`.
    pub(super) fn key_of<'a>(&'a self, key: &'a str) -> &'a str {
        if self.has_below(parent_of(key)) {
            return key;
        }
        self.of_named_listener(key).map_or(key, |value| value.key.as_str())
    }

    /// Whether anything stands directly below a key.
    pub(super) fn has_below(&self, key: &str) -> bool {
        self.below(key).any(|(rest, _)| !rest.contains('.'))
    }

    /// Whether a block is there at all.
    pub(super) fn has_block(&self, key: &str) -> bool {
        self.below(key).next().is_some()
    }

    /// What stands below a key, by the rest of its key.
    pub(super) fn below<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (&'a str, &'a EffectiveValue)> {
        self.0.iter().filter_map(move |value| {
            let rest = value.key.strip_prefix(key)?.strip_prefix('.')?;
            Some((rest, value))
        })
    }

    /// The names directly below a key that have a block, in order.
    pub(super) fn names_below<'a>(&'a self, key: &'a str) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for (rest, _) in self.below(key) {
            if let Some((name, _)) = rest.split_once('.')
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
        names
    }

    /// The members of a list of blocks. Values come key by key: what is one member is told by where it stands.
    pub(super) fn members(&self, list: &str) -> Vec<Vec<(&str, &str)>> {
        let key = format!("{list}[]");
        let mut places: Vec<_> = self
            .0
            .iter()
            .filter_map(|value| Some((value.key.strip_prefix(&*key)?.strip_prefix('.')?, value)))
            .collect();
        places.sort_by_key(|(_, value)| place_of(&value.origin));
        let mut members: Vec<Vec<(&str, &str)>> = Vec::new();
        for (name, value) in places {
            match members.last_mut() {
                Some(member) if !member.iter().any(|(known, _)| *known == name) => {
                    member.push((name, &value.value));
                }
                _ => members.push(vec![(name, &value.value)]),
            }
        }
        members
    }

    fn of_named_listener(&self, key: &str) -> Option<&EffectiveValue> {
        let (kind, leaf) = key.strip_prefix("listeners.")?.split_once('.')?;
        let prefix = format!("listeners.{kind}");
        self.0.iter().find(|value| {
            let named = value.key.strip_prefix(&*prefix).and_then(|rest| rest.strip_prefix('.'));
            named.and_then(|rest| rest.split_once('.')).is_some_and(|(_, rest)| rest == leaf)
        })
    }
}

fn parent_of(key: &str) -> &str {
    key.rsplit_once('.').map_or("", |(parent, _)| parent)
}

/// Line and column of `file:12:3`.
fn place_of(origin: &str) -> (u32, u32) {
    let mut parts = origin.rsplitn(3, ':').map(|part| part.parse().unwrap_or(0));
    let column = parts.next().unwrap_or(0);
    (parts.next().unwrap_or(0), column)
}

#[cfg(test)]
pub(super) fn in_effect(values: &[(&str, &str)]) -> InEffect {
    let value = |(number, (key, value)): (usize, &(&str, &str))| EffectiveValue {
        key: (*key).to_owned(),
        value: (*value).to_owned(),
        origin: format!("a.conf:{number}:1"),
        acts: true,
        takes: "now".to_owned(),
    };
    InEffect::new(values.iter().enumerate().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_with_a_name_stands_in_for_the_one_without() {
        let named = in_effect(&[("listeners.tcp.inside.bind", "127.0.0.1:1")]);
        assert_eq!(named.get("listeners.tcp.bind").unwrap().value, "127.0.0.1:1");
        assert_eq!(named.key_of("listeners.tcp.bind"), "listeners.tcp.inside.bind");
        let both = in_effect(&[("listeners.tcp.inside.bind", "x"), ("listeners.tcp.bind", "y")]);
        assert_eq!(both.get("listeners.tcp.bind").unwrap().value, "y");
        assert_eq!(both.key_of("listeners.tcp.bind"), "listeners.tcp.bind");
        assert_eq!(in_effect(&[]).key_of("listeners.tcp.bind"), "listeners.tcp.bind");
    }

    #[test]
    fn members_of_a_list_are_told_apart_by_where_they_stand() {
        let mut values =
            in_effect(&[("b.l[].to", "1"), ("b.l[].to", "2"), ("b.l[].from", "3"), ("b.l[].qos", "4")]);
        for (value, place) in values.0.iter_mut().zip(["f:1:5", "f:2:5", "f:2:9", "f:1:9"]) {
            value.origin = place.to_owned();
        }
        assert_eq!(values.members("b.l"), [[("to", "1"), ("qos", "4")], [("to", "2"), ("from", "3")]]);
    }
}
