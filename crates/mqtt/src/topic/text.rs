/// How many bytes fit without an allocation, so that the whole is 24 bytes.
const INLINE_MAX: usize = 22;

/// An immutable string that keeps up to 22 bytes in place: most levels and many whole topics.
pub(super) enum Text {
    Inline { length: u8, bytes: [u8; INLINE_MAX] },
    Heap(Box<str>),
}

const _: () = assert!(size_of::<Text>() == 24);

impl Text {
    pub(super) const EMPTY: Self = Self::Inline { length: 0, bytes: [0; INLINE_MAX] };

    pub(super) fn new(text: &str) -> Self {
        let mut bytes = [0; INLINE_MAX];
        match (bytes.get_mut(..text.len()), u8::try_from(text.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(text.as_bytes());
                Self::Inline { length, bytes }
            }
            _ => Self::Heap(text.into()),
        }
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline { length, bytes } => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Heap(text) => text.as_bytes(),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            // Valid: `new` copied it from a `str`, whole.
            Self::Inline { .. } => str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Self::Heap(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_short_strings_in_place() {
        for length in [0, 1, 21, 22, 23, 1_000] {
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            let kept = Text::new(&text);
            assert_eq!((kept.as_str(), kept.as_bytes()), (text.as_str(), text.as_bytes()));
            assert_eq!(matches!(kept, Text::Inline { .. }), length <= 22);
        }
    }
}
