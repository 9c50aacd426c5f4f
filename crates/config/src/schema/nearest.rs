//! What was probably meant.

/// The candidate that takes the fewest changes, if it is not another word altogether.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distances = candidates.into_iter().map(|candidate| (distance(word, candidate), candidate));
    let (changes, near) = distances.min()?;
    (changes * 3 <= word.chars().count()).then_some(near)
}

/// How many letters have to be put in, taken out or replaced (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, a) in from.chars().enumerate() {
        let mut left = line + 1;
        let mut above_left = line;
        for (cell, b) in row.iter_mut().skip(1).zip(to.chars()) {
            let replaced = above_left + usize::from(a != b);
            above_left = *cell;
            left = replaced.min(left + 1).min(above_left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_counted() {
        for (from, to, changes) in
            [("", "abc", 3), ("abc", "", 3), ("listen", "silent", 4), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(from, to), changes, "{from} {to}");
        }
    }

    #[test]
    fn another_word_is_not_near() {
        assert_eq!(nearest("alow_anonymous", ["allow_anonymous", "no_match"]), Some("allow_anonymous"));
        assert_eq!(nearest("colour", ["allow_anonymous", "no_match"]), None);
    }
}
