//! Dates for people: the calendar in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment, taken apart. Always UTC: what is compared across machines has one time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Utc {
    pub(crate) unix_secs: u64,
    pub(crate) nanos: u32,
    pub(crate) year: u64,
    /// 1 to 12.
    pub(crate) month: u64,
    /// 1 to 31.
    pub(crate) day: u64,
    pub(crate) hour: u64,
    pub(crate) minute: u64,
    pub(crate) second: u64,
    /// 0 is Sunday.
    pub(crate) weekday: u64,
    /// 1 to 366.
    pub(crate) day_of_year: u64,
}

const DAY: u64 = 86_400;

impl Utc {
    /// The system's time now.
    #[expect(clippy::disallowed_methods, reason = "dates that people read; nothing is decided by them")]
    pub(crate) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::new(since.as_secs(), since.subsec_nanos())
    }

    /// The moment `unix_secs` seconds and `nanos` nanoseconds after the start of 1970.
    ///
    /// The calendar repeats every 400 years of 146,097 days; years begin in March here, so that the leap day
    /// is the last one.
    pub(crate) const fn new(unix_secs: u64, nanos: u32) -> Self {
        let days = unix_secs / DAY;
        let from_era = days + 719_468;
        let (era, day_of_era) = (from_era / 146_097, from_era % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_from_march = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_from_march + 2) / 153;
        let day = day_from_march - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let leap_day = if is_leap { 1 } else { 0 };
        let day_of_year = if month > 2 { day_from_march + 60 + leap_day } else { day_from_march - 305 };
        let second = unix_secs % DAY;
        Self {
            unix_secs,
            nanos,
            year,
            month,
            day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            weekday: (days + 4) % 7,
            day_of_year,
        }
    }

    /// `2026-01-31T23:59:59.123Z`
    pub(crate) fn rfc_3339(&self) -> String {
        let Self { year, month, day, hour, minute, second, nanos, .. } = self;
        let millis = nanos / 1_000_000;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        for (secs, text, weekday, day_of_year) in [
            (0, "1970-01-01T00:00:00.000Z", 4, 1),
            (951_782_400, "2000-02-29T00:00:00.000Z", 2, 60),
            (951_868_800, "2000-03-01T00:00:00.000Z", 3, 61),
            (1_000_000_000, "2001-09-09T01:46:40.000Z", 0, 252),
            (1_677_628_799, "2023-02-28T23:59:59.000Z", 2, 59),
            (1_677_628_800, "2023-03-01T00:00:00.000Z", 3, 60),
            (1_735_603_200, "2024-12-31T00:00:00.000Z", 2, 366),
            (4_107_542_400, "2100-03-01T00:00:00.000Z", 1, 60),
        ] {
            let utc = Utc::new(secs, 0);
            assert_eq!(utc.rfc_3339(), text);
            assert_eq!((utc.weekday, utc.day_of_year), (weekday, day_of_year), "{text}");
        }
    }

    #[test]
    fn a_day_follows_the_day_before() {
        let mut yesterday = Utc::new(0, 0);
        for days in 1..80_000 {
            let today = Utc::new(days * DAY, 0);
            let same_month = (today.month, today.day) == (yesterday.month, yesterday.day + 1);
            assert!(same_month || today.day == 1, "{}", today.rfc_3339());
            let same_year = today.day_of_year == yesterday.day_of_year + 1;
            assert!(same_year || (today.day_of_year, today.month) == (1, 1), "{}", today.rfc_3339());
            yesterday = today;
        }
    }
}
