/// A text that is none of the words it may be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not known: write one of {}", .found.escape_debug(), .known.join(", "))]
pub struct UnknownWord {
    /// What was written.
    pub found: Box<str>,
    /// What could have been.
    pub known: &'static [&'static str],
}

/// An enumeration each of whose values is a word, the same in the store, the API and configuration.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];
            /// The words of all of them.
            pub const WORDS: &[&str] = &[$($word,)+];

            /// Its word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::model::UnknownWord;

            fn from_str(text: &str) -> Result<Self, $crate::model::UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::model::UnknownWord { found: text.into(), known: Self::WORDS }),
                }
            }
        }
    };
}

pub(crate) use words;
