use std::fmt;
use std::str::FromStr;

/// Why a text is not what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextFault {
    /// Not a [`Slug`].
    #[error("a key is 1 to 64 of the characters a-z 0-9 _ - and starts with a letter or digit")]
    Slug,
    /// Not a [`Name`].
    #[error("a name is 1 to 256 bytes of text without control characters")]
    Name,
    /// Not a [`HardwareId`].
    #[error("a hardware id is 1 to 256 bytes of text without control characters")]
    HardwareId,
}

const SLUG_MAX: usize = 64;
const NAME_MAX: usize = 256;

fn is_slug(text: &str) -> bool {
    let starts_well = text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit());
    let is_usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    starts_well && text.len() <= SLUG_MAX && text.bytes().all(is_usual)
}

fn is_name(text: &str) -> bool {
    (1..=NAME_MAX).contains(&text.len()) && !text.contains(char::is_control)
}

macro_rules! texts {
    ($($(#[$doc:meta])+ $name:ident: $is_valid:ident,)+) => {
        $($(#[$doc])+
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = TextFault;

            fn from_str(text: &str) -> Result<Self, TextFault> {
                if $is_valid(text) { Ok(Self(text.into())) } else { Err(TextFault::$name) }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        })+
    };
}

texts! {
    /// The key of a product, chosen by people, unique: 1 to 64 of `a-z 0-9 _ -`, the first a letter or digit.
    Slug: is_slug,
    /// What people call something: 1 to 256 bytes without control characters.
    Name: is_name,
    /// What is written on a device, or burnt into it: 1 to 256 bytes without control characters.
    HardwareId: is_name,
}
