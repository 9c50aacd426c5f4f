//! Command-line arguments: flags and values, each asked for once, and nothing left over.

use std::{fmt::Display, str::FromStr};

use anyhow::{Result, bail};

/// What stands on the command line after the command's name.
#[derive(Debug)]
pub(crate) struct Args(Vec<String>);

impl Args {
    pub(crate) fn new(words: impl IntoIterator<Item = String>) -> Self {
        Self(words.into_iter().collect())
    }

    /// Takes the first word, if any: the command's name.
    pub(crate) fn command(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// Takes `name`; true if it was given.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// Takes every `name VALUE` and `name=VALUE`, each value split at commas.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<String>> {
        let mut values = Vec::new();
        while let Some(value) = self.text(name)? {
            values.extend(value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned));
        }
        Ok(values)
    }

    /// Takes `name VALUE` or `name=VALUE`.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>> {
        let prefix = format!("{name}=");
        let Some(at) = self.0.iter().position(|word| word == name || word.starts_with(&prefix)) else {
            return Ok(None);
        };
        let word = self.0.remove(at);
        if let Some(value) = word.strip_prefix(&prefix) {
            return Ok(Some(value.to_owned()));
        }
        if at >= self.0.len() || self.0.get(at).is_some_and(|next| next.starts_with("--")) {
            bail!("{name} wants a value");
        }
        Ok(Some(self.0.remove(at)))
    }

    /// Takes `name VALUE` and parses it; `default` if it was not given.
    pub(crate) fn value<T: FromStr>(&mut self, name: &str, default: T) -> Result<T>
    where
        T::Err: Display,
    {
        match self.text(name)? {
            None => Ok(default),
            Some(text) => text.parse().map_err(|error| anyhow::anyhow!("{name} {text}: {error}")),
        }
    }

    /// Fails if anything is left that nobody asked for.
    pub(crate) fn finish(self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        bail!("do not know what to do with `{}`: see `cargo xtask help`", self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn values_are_taken_in_both_forms_and_split_at_commas() {
        let mut args = args("bench --only a,b --rounds=7 --only c --write");
        assert_eq!(args.command().as_deref(), Some("bench"));
        assert_eq!(args.list("--only").expect("values"), ["a", "b", "c"]);
        assert_eq!(args.value("--rounds", 5).expect("a number"), 7);
        assert_eq!(args.value("--shards", 2).expect("the default"), 2);
        assert!(args.flag("--write") && !args.flag("--write"));
        args.finish().expect("nothing is left");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(args("--only").text("--only").is_err());
        assert!(args("--only --write").text("--only").is_err());
        assert!(
            args("--rounds many").value("--rounds", 5).unwrap_err().to_string().contains("--rounds many")
        );
        assert!(args("--loud").finish().unwrap_err().to_string().contains("--loud"));
    }
}
