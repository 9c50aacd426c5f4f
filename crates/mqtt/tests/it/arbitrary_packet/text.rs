use arbitrary::{Result, Unstructured};

/// A string that MQTT can carry: no U+0000, and now and then the levels and prefixes that matter.
pub(super) fn text(u: &mut Unstructured<'_>) -> Result<String> {
    let prefix =
        *u.choose(&["", "", "", "a/b", "/", "$share/g/", "$SYS/", "\u{FEFF}", "+/#", "\u{10FFFF}"])?;
    let rest: String = u.arbitrary()?;
    Ok(format!("{prefix}{}", rest.replace('\0', "")))
}

/// A Topic Name: at least one character, no wildcards.
pub(super) fn topic_name(u: &mut Unstructured<'_>) -> Result<String> {
    let name = text(u)?.replace(['+', '#'], "_");
    Ok(if name.is_empty() { "t".to_owned() } else { name })
}
