//! The scanner: which bytes are comments, which are literals, where an item ends.

use std::ops::Range;

use super::Comment;

/// Splits a file into code (comments and insides of literals blanked) and comments.
pub(super) fn separate(text: &str) -> (String, Vec<Comment>) {
    let mut code = text.as_bytes().to_vec();
    let mut comments = Vec::new();
    let (mut at, mut line) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let piece = piece(rest, text.get(..at).unwrap_or_default());
        let length = piece.length(rest);
        if piece == Piece::LineComment || piece == Piece::BlockComment {
            comments.extend(comment_lines(rest.get(..length).unwrap_or_default(), line));
        }
        if piece != Piece::Code {
            blank(&mut code, at..at + length);
        }
        line += rest.get(..length).unwrap_or_default().matches('\n').count();
        at += length;
    }
    // only whole characters were replaced, by spaces
    (String::from_utf8_lossy(&code).into_owned(), comments)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Code,
    LineComment,
    BlockComment,
    Text,
    RawText { hashes: usize },
    Character,
}

fn piece(rest: &str, before: &str) -> Piece {
    let in_word = before.ends_with(|c: char| c == '_' || c.is_alphanumeric());
    if rest.starts_with("//") {
        Piece::LineComment
    } else if rest.starts_with("/*") {
        Piece::BlockComment
    } else if rest.starts_with('"') {
        Piece::Text
    } else if let Some(hashes) = raw_hashes(rest).filter(|_| !in_word) {
        Piece::RawText { hashes }
    } else if is_character(rest) {
        Piece::Character
    } else {
        Piece::Code
    }
}

/// The number of `#` of a raw string that begins here.
fn raw_hashes(rest: &str) -> Option<usize> {
    let tail =
        rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r'))?;
    let hashes = tail.len() - tail.trim_start_matches('#').len();
    tail.get(hashes..)?.starts_with('"').then_some(hashes)
}

/// `'x'` and `'\n'` are characters; `'a` is a lifetime.
fn is_character(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some('\'')
        && match chars.next() {
            Some('\\') => true,
            Some(_) => chars.next() == Some('\''),
            None => false,
        }
}

impl Piece {
    /// How many bytes of `rest` belong to this piece.
    fn length(self, rest: &str) -> usize {
        let all = rest.len();
        match self {
            Self::Code => rest.chars().next().map_or(all, char::len_utf8),
            Self::LineComment => rest.find('\n').unwrap_or(all),
            Self::BlockComment => block_length(rest),
            Self::Text => quoted_length(rest, '"'),
            Self::Character => quoted_length(rest, '\''),
            Self::RawText { hashes } => {
                let open = rest.find('"').unwrap_or(0) + 1;
                let close = format!("\"{}", "#".repeat(hashes));
                let body = rest.get(open..).and_then(|body| body.find(&close));
                body.map_or(all, |end| open + end + close.len())
            }
        }
    }
}

/// The length of a block comment, which may hold others.
fn block_length(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if tail.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of a literal with escapes, quotes included.
fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + c.len_utf8();
        }
        escaped = c == '\\' && !escaped;
    }
    rest.len()
}

fn comment_lines(text: &str, first: usize) -> impl Iterator<Item = Comment> {
    let doc = text.starts_with("///") && !text.starts_with("////");
    text.lines().enumerate().map(move |(offset, line)| Comment {
        line: first + offset,
        text: line.trim().trim_start_matches(['/', '*', '!']).trim_end_matches("*/").trim().to_owned(),
        doc,
    })
}

fn blank(code: &mut [u8], range: Range<usize>) {
    for byte in code.get_mut(range).unwrap_or_default() {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// Where the bracket that stands at `open` is closed.
pub(super) fn closing(code: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The item that follows `from`, its attributes included: up to its closing brace or semicolon.
pub(super) fn item(code: &str, from: usize) -> Option<Range<usize>> {
    let mut at = from;
    loop {
        match code.as_bytes().get(at)? {
            b'(' | b'[' => at = closing(code, at)? + 1,
            b'{' => return Some(from..closing(code, at)? + 1),
            b';' => return Some(from..at + 1),
            _ => at += 1,
        }
    }
}

/// The name in `mod name;`, behind attributes and visibility.
pub(super) fn outer_module(item: &str) -> Option<String> {
    let declaration = item.trim_end().strip_suffix(';')?.rsplit(']').next()?;
    let mut words = declaration.split_whitespace().rev();
    let (name, keyword) = (words.next()?, words.next()?);
    (keyword == "mod").then(|| name.to_owned())
}
