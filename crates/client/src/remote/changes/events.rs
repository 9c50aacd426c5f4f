use std::mem::take;

/// Reads an event stream (HTML Living Standard, §9.2.6) from bytes as they come, within bounds.
#[derive(Debug, Default)]
pub struct Events {
    line: Vec<u8>,
    /// A line feed that comes now belongs to the line end before.
    is_after_return: bool,
    /// Something has come: a byte order mark can only stand before everything.
    has_begun: bool,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    id: Option<Vec<u8>>,
}

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name; empty where it has none.
    pub name: String,
    /// What it says.
    pub data: String,
    /// The last `id` of the stream, from where to go on.
    pub id: Option<String>,
}

/// A line or an event is longer than any of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the change stream has an event that is longer than {EVENT_BYTES_MAX} bytes")]
pub struct Overlong;

/// The longest line, and all lines of an event together.
const EVENT_BYTES_MAX: usize = 16 * 1024;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Events {
    /// Takes the bytes that came, and gives every event that is complete to `each`.
    ///
    /// # Errors
    /// [`Overlong`]: what follows cannot be understood any more.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(Event)) -> Result<(), Overlong> {
        for &byte in bytes {
            let is_second_half = take(&mut self.is_after_return) && byte == b'\n';
            match byte {
                b'\n' if is_second_half => {}
                b'\n' | b'\r' => {
                    self.is_after_return = byte == b'\r';
                    self.end_line(&mut each)?;
                }
                _ if self.line.len() >= EVENT_BYTES_MAX => return Err(Overlong),
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    fn end_line(&mut self, each: &mut impl FnMut(Event)) -> Result<(), Overlong> {
        let mut whole = take(&mut self.line);
        let mut line = &*whole;
        if !self.has_begun {
            self.has_begun = true;
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            self.dispatch(each);
        } else {
            self.field(line)?;
        }
        // The next line is as long.
        whole.clear();
        self.line = whole;
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Overlong> {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = match colon {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"event" => value.clone_into(&mut self.name),
            b"data" => {
                if self.data.len() + value.len() >= EVENT_BYTES_MAX {
                    return Err(Overlong);
                }
                if take(&mut self.has_data) {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            b"id" if !value.contains(&0) => self.id = Some(value.to_vec()),
            // Comments have an empty name; what is not known is not looked at.
            _ => {}
        }
        Ok(())
    }

    fn dispatch(&mut self, each: &mut impl FnMut(Event)) {
        let (name, data) = (take(&mut self.name), take(&mut self.data));
        if take(&mut self.has_data) {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            each(Event { name: text(&name), data: text(&data), id: self.id.as_deref().map(text) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events_of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Event>, Overlong> {
        let (mut events, mut all) = (Events::default(), Vec::new());
        for part in parts {
            events.feed(part, |event| all.push(event))?;
        }
        Ok(all)
    }

    fn event(name: &str, data: &str, id: Option<&str>) -> Event {
        Event { name: name.to_owned(), data: data.to_owned(), id: id.map(str::to_owned) }
    }

    #[test]
    fn lines_end_in_any_of_three_ways_and_fields_stand_in_any_order() {
        let text = "\u{feff}data: one\r\nevent:change\r\nid: a:1\r\n\r\n: a comment\rdata\r\rdata:two\ndata: three\nretry: 5\n\n";
        let events = events_of([text.as_bytes()]).unwrap();
        let expected = [
            event("change", "one", Some("a:1")),
            event("", "", Some("a:1")),
            event("", "two\nthree", Some("a:1")),
        ];
        assert_eq!(events, expected);
    }

    #[test]
    fn an_event_without_data_or_without_an_end_is_none() {
        assert_eq!(events_of([&b"event: change\n\nid: 5\n\ndata: lost\n"[..]]).unwrap(), []);
    }

    #[test]
    fn how_the_bytes_are_cut_does_not_matter() {
        arbtest::arbtest(|u| {
            let tokens =
                ["data", "event", "id", ":", " ", "\r", "\n", "\r\n", "\n\n", "x", "\u{feff}", "\0", "ü"];
            let text: String =
                (0..u.int_in_range(0..=60)?).map(|_| u.choose(&tokens).copied()).collect::<Result<_, _>>()?;
            let whole = events_of([text.as_bytes()]).unwrap();
            let cut = u.int_in_range(0..=text.len())?;
            let (before, after) = text.as_bytes().split_at(cut);
            assert_eq!(events_of([before, after]).unwrap(), whole);
            assert_eq!(events_of(text.as_bytes().chunks(1)).unwrap(), whole);
            Ok(())
        });
    }

    #[test]
    fn a_stream_without_line_ends_or_without_event_ends_is_given_up() {
        let endless = vec![b'x'; EVENT_BYTES_MAX + 1];
        assert_eq!(events_of([&*endless]), Err(Overlong));
        let lines = b"data: x\n".repeat(EVENT_BYTES_MAX);
        assert_eq!(events_of([&*lines]), Err(Overlong));
        let mut events = Events::default();
        let comments = b": alive\n".repeat(EVENT_BYTES_MAX);
        assert_eq!(events.feed(&comments, |_| {}), Ok(()), "comments are not kept");
    }
}
