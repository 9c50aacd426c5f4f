//! The parts of date and time behind `@`: those of strftime that need no locale.

use crate::clock::Utc;

/// The letters that are understood.
pub(super) const LETTERS: &str = "YCymdeHIMSpjaAbBhuwFTDRsNzZnt";

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Appends what a letter stands for.
pub(super) fn put(letter: char, now: &Utc, out: &mut Vec<u8>) {
    let &Utc { year, month, day, hour, minute, second, .. } = now;
    let of = |names: &[&'static str], index: u64| {
        usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
    };
    let weekday = of(&DAYS, now.weekday);
    let month_name = of(&MONTHS, month.saturating_sub(1));
    let short = |name: &'static str| name.get(..3).unwrap_or(name).to_owned();
    let text = match letter {
        'Y' => year.to_string(),
        'C' => format!("{:02}", year / 100),
        'y' => format!("{:02}", year % 100),
        'm' => format!("{month:02}"),
        'd' => format!("{day:02}"),
        'e' => format!("{day:2}"),
        'H' => format!("{hour:02}"),
        'I' => format!("{:02}", (hour + 11) % 12 + 1),
        'M' => format!("{minute:02}"),
        'S' => format!("{second:02}"),
        'p' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        'j' => format!("{:03}", now.day_of_year),
        'a' => short(weekday),
        'A' => weekday.to_owned(),
        'b' | 'h' => short(month_name),
        'B' => month_name.to_owned(),
        'u' => (if now.weekday == 0 { 7 } else { now.weekday }).to_string(),
        'w' => now.weekday.to_string(),
        'F' => format!("{year:04}-{month:02}-{day:02}"),
        'T' => format!("{hour:02}:{minute:02}:{second:02}"),
        'D' => format!("{month:02}/{day:02}/{:02}", year % 100),
        'R' => format!("{hour:02}:{minute:02}"),
        's' => now.unix_secs.to_string(),
        'N' => format!("{:09}", now.nanos),
        'z' => "+0000".to_owned(),
        'Z' => "UTC".to_owned(),
        'n' => "\n".to_owned(),
        't' => "\t".to_owned(),
        _ => String::new(),
    };
    out.extend_from_slice(text.as_bytes());
}
