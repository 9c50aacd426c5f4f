use base64ct::{Base64UrlUnpadded, Encoding};
use vouchmq_client::dto::page::Page as PageBody;
use vouchmq_identity::store::{Page, PageRequest};

use super::{Code, Problem};

/// Which part of a list a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging(PageRequest);

const LIMIT_DEFAULT: u32 = 50;
const LIMIT_MAX: u32 = 200;
/// A key of the store is far shorter; a place among retained messages has a number for each level of its topic.
const CURSOR_LEN_MAX: usize = 8 * 1024;
/// What a cursor begins with: a later form can be told from this one.
const FORM: char = '1';

impl Paging {
    /// Reads `limit` (1 to 200, 50 if it is missing) and `cursor` (what the page before gave).
    ///
    /// # Errors
    /// 400 `bad_cursor`.
    pub fn new(limit: Option<u32>, cursor: Option<&str>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::new(Code::BadCursor, "limit is a number from 1 to 200"));
        }
        let after = cursor.map(|cursor| {
            key_of(cursor).ok_or_else(|| {
                Problem::new(Code::BadCursor, "the cursor is not one that a list gave: start without one")
            })
        });
        Ok(Self(PageRequest { after: after.transpose()?, limit }))
    }

    /// As the store is asked.
    pub const fn request(&self) -> &PageRequest {
        &self.0
    }
}

/// The answer of a list.
pub fn page<T, B>(page: Page<T>, body_of: impl FnMut(T) -> B) -> PageBody<B> {
    let next_cursor = page.next.as_deref().map(cursor_of);
    PageBody { items: page.items.into_iter().map(body_of).collect(), next_cursor }
}

fn cursor_of(key: &str) -> String {
    Base64UrlUnpadded::encode_string(format!("{FORM}{key}").as_bytes())
}

fn key_of(cursor: &str) -> Option<Box<str>> {
    if cursor.len() > CURSOR_LEN_MAX {
        return None;
    }
    let text = String::from_utf8(Base64UrlUnpadded::decode_vec(cursor).ok()?).ok()?;
    text.strip_prefix(FORM).map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_to_what_follows() {
        let found = Page { items: vec![1, 2], next: Some("key/ä".into()) };
        let body = page(found, |number| number + 1);
        assert_eq!(body.items, [2, 3]);
        let paging = Paging::new(Some(2), body.next_cursor.as_deref()).unwrap();
        assert_eq!(*paging.request(), PageRequest::after("key/ä", 2));
        let last = page(Page { items: vec![1], next: None }, |number| number);
        assert_eq!(serde_json::to_string(&last).unwrap(), r#"{"items":[1],"next_cursor":null}"#);
    }

    #[test]
    fn limits_and_foreign_cursors_are_refused() {
        assert_eq!(Paging::new(None, None).unwrap().request().limit, 50);
        for limit in [0, 201, u32::MAX] {
            assert_eq!(Paging::new(Some(limit), None).unwrap_err().code(), Code::BadCursor);
        }
        for limit in [1, 200] {
            assert!(Paging::new(Some(limit), None).is_ok());
        }
        let other_form = Base64UrlUnpadded::encode_string(b"2x");
        for cursor in ["x", "!", "", "MQ==", &other_form, &"A".repeat(10_000)] {
            assert_eq!(Paging::new(None, Some(cursor)).unwrap_err().code(), Code::BadCursor, "{cursor}");
        }
    }
}
