//! Addresses of services as they are shown: user names, passwords and queries may be secrets.

use std::borrow::Cow;

/// What stands for what is not shown.
pub(crate) const MASK: &str = "***";

/// A text in which `://` stands, without user info, query and fragment.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = text.split_once("://") else { return Cow::Borrowed(text) };
    // A password may hold any letter: everything before the last @ may be one.
    let (user, place) = match rest.rsplit_once('@') {
        Some((before, _)) if before.contains(['?', '#']) => return format!("{scheme}://{MASK}").into(),
        Some((_, place)) => (MASK, Some(place)),
        None => ("", None),
    };
    let at = if place.is_some() { "@" } else { "" };
    let place = place.unwrap_or(rest);
    match place.find(['?', '#']).and_then(|at| place.get(..=at)) {
        Some(shown) => format!("{scheme}://{user}{at}{shown}{MASK}").into(),
        None if at.is_empty() => Cow::Borrowed(text),
        None => format!("{scheme}://{user}{at}{place}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_info_and_queries_are_not_shown() {
        for (text, shown) in [
            ("mqtt-tcp://u:SECRET@h:1883", "mqtt-tcp://***@h:1883"),
            ("http://SECRET@x/", "http://***@x/"),
            ("http://u:SEC/RET@x/a", "http://***@x/a"),
            ("http://u:SEC@RET@x/a", "http://***@x/a"),
            ("http://u:SEC?RET@x/a", "http://***"),
            ("http://h/a?token=SECRET", "http://h/a?***"),
            ("http://h/a?mail=a@SECRET", "http://***"),
            ("http://h/a#SECRET", "http://h/a#***"),
            ("http://u@h/a?token=SECRET", "http://***@h/a?***"),
            ("https://example.com", "https://example.com"),
            ("a@b?c", "a@b?c"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }
}
