//! Values as a configuration has them: with their units.

/// Bytes of `2MB`, `64KB`, `256` or `10M`.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let (digits, unit) = split(text);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" => 10,
        "m" | "mb" => 20,
        "g" | "gb" => 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Seconds of `10s`, `5m`, `1h`, `2d` or `250ms`; 0 for what is off.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let (digits, unit) = split(text);
    if digits.is_empty() {
        return (unit == "off").then_some(0);
    }
    let count: u64 = digits.parse().ok()?;
    match unit.to_ascii_lowercase().as_str() {
        "ms" => Some(count.div_ceil(1_000)),
        "" | "s" => Some(count),
        "m" => count.checked_mul(60),
        "h" => count.checked_mul(3_600),
        "d" => count.checked_mul(86_400),
        _ => None,
    }
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let digits_len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at(digits_len);
    (digits, unit.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read_with_their_units() {
        for (text, expected) in [
            ("256", Some(256)),
            ("1KB", Some(1_024)),
            ("64 kb", Some(65_536)),
            ("256MB", Some(268_435_456)),
            ("10M", Some(10_485_760)),
            ("off", None),
            ("99999999999GB", None),
            ("MB", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
        for (text, expected) in [
            ("10s", Some(10)),
            ("250ms", Some(1)),
            ("2m", Some(120)),
            ("1h", Some(3_600)),
            ("off", Some(0)),
            ("never", None),
            ("5x", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
