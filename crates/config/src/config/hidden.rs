use secrecy::{ExposeSecret, SecretString};

/// A text that is not printed, and leaves memory when it is dropped. Two can be compared: a reload asks what has
/// changed.
#[derive(Clone, Debug)]
pub struct Hidden(SecretString);

impl Hidden {
    /// The text, for whoever has to use it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The text, to be handed on.
    pub fn into_secret(self) -> SecretString {
        self.0
    }
}

impl From<&str> for Hidden {
    fn from(text: &str) -> Self {
        Self(SecretString::from(text))
    }
}

impl PartialEq for Hidden {
    fn eq(&self, other: &Self) -> bool {
        vouchmq_identity::is_same(self.expose().as_bytes(), other.expose().as_bytes())
    }
}

impl Eq for Hidden {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_compared_and_not_printed() {
        assert_eq!(Hidden::from("swordfish"), Hidden::from("swordfish"));
        assert_ne!(Hidden::from("swordfish"), Hidden::from("swordfisH"));
        assert!(!format!("{:?}", Hidden::from("swordfish")).contains("swordfish"));
    }
}
