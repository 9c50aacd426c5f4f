//! Texts of requests and answers: words, times, durations.

use std::fmt::Display;
use std::str::FromStr;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vouchmq_identity::UnixMillis;

use super::refusal::invalid;
use crate::http::Problem;

const REASON_LEN_MAX: usize = 256;

/// Reads a field that is a text.
///
/// # Errors
/// 422 with its pointer.
pub(crate) fn read<T: FromStr<Err: Display>>(pointer: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|fault: T::Err| invalid(pointer, fault.to_string()))
}

/// Reads a field that may be missing.
///
/// # Errors
/// 422 with its pointer.
pub(crate) fn read_some<T: FromStr<Err: Display>>(
    pointer: &str,
    text: Option<&str>,
) -> Result<Option<T>, Problem> {
    text.map(|text| read(pointer, text)).transpose()
}

/// Reads a list of at most `len_max` texts.
///
/// # Errors
/// 422 with the pointer of the first that is wrong.
pub(crate) fn read_all<T: FromStr<Err: Display>>(
    pointer: &str,
    texts: &[String],
    len_max: usize,
) -> Result<Vec<T>, Problem> {
    if texts.len() > len_max {
        return Err(invalid(pointer, format!("at most {len_max} are possible")));
    }
    (0..).zip(texts).map(|(at, text): (usize, _)| read(&format!("{pointer}/{at}"), text)).collect()
}

/// A time as answers have it: RFC 3339 in UTC with milliseconds. What is later than the year 9999 is its end.
pub(crate) fn time_of(at: UnixMillis) -> String {
    let nanos = i128::from(at.millis()) * 1_000_000;
    let Ok(at) = OffsetDateTime::from_unix_timestamp_nanos(nanos) else {
        return "9999-12-31T23:59:59.999Z".to_owned();
    };
    let (year, month, day) = at.to_calendar_date();
    let (hour, minute, second, milli) = at.to_hms_milli();
    format!("{year:04}-{:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z", u8::from(month))
}

/// Reads a time: RFC 3339 with any offset, from 1970 on; what is finer than a millisecond is cut off.
///
/// # Errors
/// 422 with its pointer.
pub(crate) fn read_time(pointer: &str, text: &str) -> Result<UnixMillis, Problem> {
    let at = OffsetDateTime::parse(text, &Rfc3339).ok();
    let millis = at.and_then(|at| u64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok());
    let wanted = "write a time like 2026-11-22T03:00:00Z";
    millis.map(UnixMillis::new).ok_or_else(|| invalid(pointer, wanted))
}

/// Reads a time that may be missing.
///
/// # Errors
/// 422 with its pointer.
pub(crate) fn read_some_time(pointer: &str, text: Option<&str>) -> Result<Option<UnixMillis>, Problem> {
    text.map(|text| read_time(pointer, text)).transpose()
}

/// A reason that goes to the audit log: at most 256 bytes without control characters.
///
/// # Errors
/// 422 with its pointer.
pub(crate) fn check_reason(reason: String) -> Result<Box<str>, Problem> {
    if reason.len() > REASON_LEN_MAX || reason.contains(char::is_control) {
        return Err(invalid("/reason", "a reason is at most 256 bytes without control characters"));
    }
    Ok(reason.into())
}

/// Reads a duration, digits and `ms`, `s`, `m`, `h` or `d`, as milliseconds, at most `max`.
///
/// # Errors
/// 422 with its pointer.
pub(crate) fn read_millis(pointer: &str, text: &str, max: u64) -> Result<u64, Problem> {
    let digits_len = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at(digits_len);
    let unit: Option<u64> = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let millis = digits.parse::<u64>().ok().zip(unit).and_then(|(count, unit)| count.checked_mul(unit));
    let Some(millis) = millis else {
        return Err(invalid(pointer, "write a duration like 30s, 5m, 24h or 7d"));
    };
    if millis > max {
        return Err(invalid(pointer, format!("the longest is {} seconds", max / 1_000)));
    }
    Ok(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc_with_milliseconds_and_read_with_any_offset() {
        let at = UnixMillis::new(1_795_230_000_000);
        assert_eq!(time_of(at), "2026-11-21T03:00:00.000Z");
        for text in ["2026-11-21T03:00:00.000Z", "2026-11-21T04:00:00+01:00", "2026-11-21t03:00:00.0009z"] {
            assert_eq!(read_time("/x", text).unwrap(), at, "{text}");
        }
        assert_eq!(time_of(UnixMillis::new(u64::MAX)), "9999-12-31T23:59:59.999Z");
        assert_eq!(time_of(UnixMillis::new(7)), "1970-01-01T00:00:00.007Z");
        for bad in
            ["", "2026-11-21", "2026-11-21T03:00:00", "1969-12-31T23:59:59Z", "yesterday", "1795230000"]
        {
            assert!(read_time("/x", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations_have_a_unit_and_a_bound() {
        for (text, millis) in [
            ("0s", 0),
            ("30s", 30_000),
            ("5m", 300_000),
            ("24h", 86_400_000),
            ("7d", 604_800_000),
            ("5ms", 5),
        ] {
            assert_eq!(read_millis("/x", text, 604_800_000).unwrap(), millis);
        }
        for bad in ["", "5", "s", "-5s", "5 s", "5S", "1.5h", "8d", "99999999999999999999d", "5d5", "ä"] {
            assert!(read_millis("/x", bad, 604_800_000).is_err(), "{bad}");
        }
    }
}
