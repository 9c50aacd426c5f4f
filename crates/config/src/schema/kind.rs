//! How values are written: counts, sizes, times, words.

/// How the value of a key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`; nothing else, so that a typo does not switch anything.
    Switch,
    /// `1000`
    Count,
    /// `1.5`
    Decimal,
    /// `1000`, `64KB`, `1MB`, `2G`: powers of 1,024.
    Bytes,
    /// `60`, `60s`, `5m`, `12h`, `7d`: whole seconds.
    Seconds,
    /// The same, and `500ms`.
    Time,
    /// One of these words.
    Word(&'static [&'static str]),
    /// One of these words, in lower or upper case.
    AnyCase(&'static [&'static str]),
    /// A text.
    Text,
    /// A text that is not shown.
    Secret,
    /// A file.
    File,
    /// Where MQTT clients connect: `HOST:PORT`, `PORT` of 127.0.0.1, `unix:PATH`.
    Address,
    /// Where HTTP clients connect: `HOST:PORT`, `PORT` of 127.0.0.1, `off`.
    HttpAddress,
    /// A numeric address, without a port.
    Ip,
    /// An address, or a network as `10.0.0.0/8`.
    Network,
    /// Several of these, between brackets.
    List(&'static Self),
    /// Whatever is below it has no meaning here.
    Anything,
}

/// What a number with a unit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Quantity {
    /// How much, in the unit of its kind: bytes, seconds, milliseconds.
    pub(crate) amount: u64,
    /// Whether it was written with a unit below the second.
    pub(crate) is_below_second: bool,
}

const SIZES: &[(&str, u64)] = &[
    ("GB", 1 << 30),
    ("MB", 1 << 20),
    ("KB", 1 << 10),
    ("G", 1 << 30),
    ("M", 1 << 20),
    ("K", 1 << 10),
    ("B", 1),
];
/// In microseconds; the longer unit first where one ends like another.
const TIMES: &[(&str, u64)] = &[
    ("us", 1),
    ("ms", 1_000),
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
];
const MILLIS_PER_SEC: u64 = 1_000;

impl Kind {
    /// Whether it is written between quotes: a text is one whatever it looks like. Lists are not.
    pub(crate) const fn is_quoted(self) -> bool {
        match self {
            Self::Text
            | Self::Secret
            | Self::File
            | Self::Address
            | Self::HttpAddress
            | Self::Ip
            | Self::Network
            | Self::Anything => true,
            Self::Switch
            | Self::Count
            | Self::Decimal
            | Self::Bytes
            | Self::Seconds
            | Self::Time
            | Self::Word(_)
            | Self::AnyCase(_)
            | Self::List(_) => false,
        }
    }

    /// What `text` says, for kinds that are a number; words are counted from 0.
    pub(crate) fn quantity(self, text: &str) -> Option<Quantity> {
        let plain = |amount| Quantity { amount, is_below_second: false };
        match self {
            Self::Count => number(text).map(plain),
            Self::Bytes => {
                let text = text.to_ascii_uppercase().replace("IB", "B");
                with_suffix(&text, SIZES, 1).map(plain)
            }
            Self::Seconds => time(text, 1_000_000),
            Self::Time => time(text, 1_000),
            Self::Switch => position(&["false", "true"], text).map(plain),
            Self::Word(words) => position(words, text).map(plain),
            Self::AnyCase(words) => position(words, &text.to_ascii_lowercase()).map(plain),
            Self::Decimal
            | Self::Text
            | Self::Secret
            | Self::File
            | Self::Address
            | Self::HttpAddress
            | Self::Ip
            | Self::Network
            | Self::List(_)
            | Self::Anything => None,
        }
    }

    /// A number as it is written, with the largest suffix that loses nothing.
    pub(crate) fn show(self, value: u64) -> String {
        let word = |words: &[&str]| {
            let word = usize::try_from(value).ok().and_then(|index| words.get(index));
            (*word.unwrap_or(&"")).to_owned()
        };
        match self {
            Self::Bytes => with(value, &SIZES[..3], 1),
            Self::Seconds => with(value.saturating_mul(MILLIS_PER_SEC), TIMES, 1_000),
            Self::Time => with(value, TIMES, 1_000),
            Self::Switch => word(&["false", "true"]),
            Self::Word(words) | Self::AnyCase(words) => word(words),
            Self::Count
            | Self::Decimal
            | Self::Text
            | Self::Secret
            | Self::File
            | Self::Address
            | Self::HttpAddress
            | Self::Ip
            | Self::Network
            | Self::List(_)
            | Self::Anything => value.to_string(),
        }
    }

    /// The kind, in a word or three.
    pub fn name(self) -> String {
        let word = match self {
            Self::Switch => "true or false",
            Self::Count => "number",
            Self::Decimal => "decimal",
            Self::Bytes => "size",
            Self::Seconds | Self::Time => "time",
            Self::Word(words) | Self::AnyCase(words) => return words.join(", "),
            Self::Text => "text",
            Self::Secret => "secret",
            Self::File => "file",
            Self::Address | Self::HttpAddress => "address",
            Self::Ip => "IP address",
            Self::Network => "network",
            Self::List(Self::Word(words)) => return format!("[{}]", words.join(", ")),
            Self::List(kind) => return format!("[{}, …]", kind.name()),
            Self::Anything => "block",
        };
        word.to_owned()
    }
}

/// Digits only: no sign, no blank.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn position(words: &[&str], text: &str) -> Option<u64> {
    words.iter().position(|word| *word == text).and_then(|index| u64::try_from(index).ok())
}

/// `unit` is what is counted, in microseconds. A number alone is seconds.
fn time(text: &str, unit: u64) -> Option<Quantity> {
    let lower = text.to_ascii_lowercase();
    let micros = with_suffix(&lower, TIMES, 1_000_000)?;
    let is_below_second = lower.ends_with("ms") || lower.ends_with("us");
    micros.is_multiple_of(unit).then(|| Quantity { amount: micros / unit, is_below_second })
}

fn with_suffix(text: &str, suffixes: &[(&str, u64)], alone: u64) -> Option<u64> {
    let split = suffixes.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, *factor)));
    let (digits, factor) = split.unwrap_or((text, alone));
    number(digits)?.checked_mul(factor)
}

/// `per` is how much of the suffixes' unit one of `value` is.
fn with(value: u64, suffixes: &[(&str, u64)], per: u64) -> String {
    let Some(total) = value.checked_mul(per).filter(|total| *total > 0) else { return value.to_string() };
    let fitting = suffixes.iter().filter(|(_, factor)| total.is_multiple_of(*factor));
    match fitting.max_by_key(|(_, factor)| *factor) {
        Some((suffix, factor)) => format!("{}{suffix}", total / factor),
        None => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(kind: Kind, text: &str) -> Option<u64> {
        kind.quantity(text).map(|quantity| quantity.amount)
    }

    #[test]
    fn sizes_are_read_in_every_spelling() {
        for text in ["10485760", "10240KB", "10240kb", "10240K", "10MB", "10M", "10Mb", "10MiB", "10485760B"]
        {
            assert_eq!(amount(Kind::Bytes, text), Some(10 << 20), "{text}");
        }
        for text in ["", "MB", "1.5MB", "-1", "1 MB", "99999999999GB"] {
            assert_eq!(amount(Kind::Bytes, text), None, "{text}");
        }
    }

    #[test]
    fn a_bare_number_is_seconds_and_milliseconds_are_not_minutes() {
        for (text, millis) in
            [("5", 5_000), ("5s", 5_000), ("5S", 5_000), ("5m", 300_000), ("5ms", 5), ("1d", 86_400_000)]
        {
            assert_eq!(amount(Kind::Time, text), Some(millis), "{text}");
        }
        assert_eq!(amount(Kind::Seconds, "2000ms"), Some(2));
        assert_eq!(amount(Kind::Seconds, "5ms"), None, "no whole second");
        assert_eq!(amount(Kind::Time, "1w"), None);
        assert!(Kind::Time.quantity("5ms").is_some_and(|quantity| quantity.is_below_second));
    }

    #[test]
    fn what_is_shown_is_read_as_the_same() {
        for kind in [Kind::Count, Kind::Bytes, Kind::Seconds, Kind::Time] {
            for value in [0, 1, 59, 60, 1_000, 1_024, 60_000, 3_600_000, 268_435_460] {
                assert_eq!(amount(kind, &kind.show(value)), Some(value), "{kind:?} {value}");
            }
        }
        assert_eq!(Kind::Time.show(500), "500ms");
        assert_eq!(Kind::Seconds.show(300), "5m");
        assert_eq!(Kind::Bytes.show(65_536), "64KB");
    }
}
