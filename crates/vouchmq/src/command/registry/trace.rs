//! `vouchmq trace`: what a client sends and is sent, as it happens.

use std::io::Write;

use base64ct::{Base64, Encoding};
use clap::Args;
use serde_json::Value;
use vouchmq_client::dto::trace::{TraceEvent, TracedConnect, TracedPacket};

use super::Act;
use super::operator::Operator;
use super::path::ApiPath;
use crate::exit::Failure;
use crate::output;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Trace {
    #[command(flatten)]
    whom: Whom,
    /// Show so many bytes of each payload, at most 4096
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(..=4096))]
    payload: Option<u16>,
    /// End after this time, at most 1h [default: 10m]
    #[arg(long = "for", value_name = "TIME")]
    lifetime: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// Whoever has this Client Identifier, connected or not
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Whoever says this User Name
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// Whoever comes from this IP address
    #[arg(long, value_name = "ADDR")]
    address: Option<std::net::IpAddr>,
}

/// Cuts a stream of server-sent events into their names and data.
#[derive(Debug, Default)]
struct Events(Vec<u8>);

/// No event is longer.
const EVENT_MAX: usize = 1024 * 1024;

impl Act for Trace {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let Self { whom, payload, lifetime } = self;
        let path = ApiPath::to(&["trace"])
            .with("clientid", whom.client_id)
            .with("username", whom.username)
            .with("address", whom.address.map(|address| address.to_string()))
            .with("payload", payload.map(|payload| payload.to_string()))
            .with("for", lifetime);
        let mut stream = operator.download(&path).await?;
        let mut events = Events::default();
        while let Some(part) = operator.told(stream.next().await)? {
            for (name, text) in events.take(&part)? {
                match name.as_str() {
                    "trace" if operator.prints_json() => output::line(&output::escaped(&text))?,
                    "trace" => {
                        let event: TraceEvent = serde_json::from_str(&text).map_err(Failure::failed)?;
                        output::line(&output::escaped(&in_words(&event)))?;
                    }
                    "end" => {
                        output::note("the time of the trace is over");
                        return Ok(());
                    }
                    _ => {}
                }
            }
        }
        Err(Failure::failed("the broker ended the trace"))
    }
}

impl Events {
    /// The events that are complete now.
    fn take(&mut self, part: &[u8]) -> Result<Vec<(String, String)>, Failure> {
        self.0.extend_from_slice(part);
        let mut found = Vec::new();
        while let Some(end) = self.0.windows(2).position(|pair| pair == b"\n\n") {
            let rest = self.0.split_off(end + 2);
            let event = String::from_utf8_lossy(&std::mem::replace(&mut self.0, rest)).into_owned();
            let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
            if let (Some(name), Some(text)) = (field("event: "), field("data: ")) {
                found.push((name.to_owned(), text.to_owned()));
            }
        }
        if self.0.len() > EVENT_MAX {
            return Err(Failure::failed("the broker sends what is no trace"));
        }
        Ok(found)
    }
}

/// `2026-11-22T03:00:00.000Z #1 127.0.0.1:5000 -> PUBLISH topic=a/b qos=1 id=7 payload=12 bytes`
fn in_words(event: &TraceEvent) -> String {
    let connection = event.connection.map(|number| format!(" #{number}")).unwrap_or_default();
    let peer = event.peer.as_deref().map(|peer| format!(" {peer}")).unwrap_or_default();
    let what = match (event.event.as_str(), &event.packet) {
        ("packet", Some(packet)) => packet_in_words(packet),
        ("missed", _) => {
            format!("{} events came faster than they were read", event.count.unwrap_or_default())
        }
        (word, _) => {
            let listener = event.listener.as_deref().map(|name| format!(" at {name}")).unwrap_or_default();
            let reason = event.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{word}{listener}{reason}")
        }
    };
    format!("{}{connection}{peer} {what}", event.at)
}

fn packet_in_words(packet: &TracedPacket) -> String {
    let mut words = vec![if packet.direction == "in" { "->" } else { "<-" }.to_owned(), packet.kind.clone()];
    let mut add =
        |name: &str, value: Option<String>| words.extend(value.map(|value| format!("{name}={value}")));
    add("topic", packet.topic.as_deref().map(quoted));
    add("qos", packet.qos.map(|qos| qos.to_string()));
    add("id", packet.packet_id.map(|id| id.to_string()));
    add("retain", packet.retain.filter(|is_set| *is_set).map(|_| "yes".to_owned()));
    add("dup", packet.dup.filter(|is_set| *is_set).map(|_| "yes".to_owned()));
    add("session_present", packet.session_present.map(|is_there| is_there.to_string()));
    for filter in &packet.filters {
        let options = filter.options.as_deref().map(|options| format!(" ({options})")).unwrap_or_default();
        add("filter", Some(format!("{}{options}", quoted(&filter.filter))));
    }
    if !packet.reasons.is_empty() {
        add("reason", Some(packet.reasons.join(", ")));
    }
    if let Some(connect) = &packet.connect {
        words.extend(connect_in_words(connect));
    }
    words.extend(packet.properties.iter().map(|property| format!("[{}: {}]", property.name, property.value)));
    words.extend(packet.payload_length.map(|length| format!("payload={length} bytes")));
    words.extend(packet.payload_b64.as_deref().map(payload_in_words));
    words.extend(packet.fault.as_deref().map(|fault| format!("({} bytes: {fault})", packet.length)));
    words.join(" ")
}

fn connect_in_words(connect: &TracedConnect) -> Vec<String> {
    let mut words = vec![format!("clientid={}", quoted(&connect.clientid))];
    words.extend(connect.username.as_deref().map(|name| format!("username={}", quoted(name))));
    words.push(format!("password={}", if connect.has_password { "yes" } else { "no" }));
    words.push(format!(
        "version={} clean={} keepalive={}",
        connect.proto_ver, connect.clean_start, connect.keepalive
    ));
    words.extend(connect.will_topic.as_deref().map(|topic| format!("will={}", quoted(topic))));
    words
}

/// A text that somebody chose cannot look like another word of the line.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

fn payload_in_words(encoded: &str) -> String {
    let bytes = Base64::decode_vec(encoded).unwrap_or_default();
    match String::from_utf8(bytes) {
        Ok(text) => quoted(&text),
        Err(error) => {
            let mut words = Vec::new();
            for byte in error.as_bytes() {
                let _ = write!(words, "{byte:02x}");
            }
            format!("0x{}", String::from_utf8_lossy(&words))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_wherever_they_are_cut() {
        let text = "event: heartbeat\ndata: {}\n\nevent: trace\ndata: {\"a\":1}\n\n";
        for at in 0..text.len() {
            let mut events = Events::default();
            let mut found = events.take(&text.as_bytes()[..at]).unwrap();
            found.extend(events.take(&text.as_bytes()[at..]).unwrap());
            let expected = [("heartbeat", "{}"), ("trace", "{\"a\":1}")];
            assert_eq!(found, expected.map(|(name, text)| (name.to_owned(), text.to_owned())), "cut at {at}");
        }
        let mut endless = Events::default();
        assert!(endless.take(&vec![b'x'; EVENT_MAX + 1]).is_err());
    }

    #[test]
    fn a_name_that_a_client_chose_is_one_word_and_commands_no_terminal() {
        let event = TraceEvent {
            at: "2026-11-22T03:00:00.000Z".to_owned(),
            event: "packet".to_owned(),
            connection: Some(3),
            peer: Some("127.0.0.1:5".to_owned()),
            packet: Some(TracedPacket {
                direction: "in".to_owned(),
                kind: "PUBLISH".to_owned(),
                topic: Some("a\" qos=9\u{1b}[2J\n".to_owned()),
                qos: Some(1),
                packet_id: Some(7),
                payload_length: Some(3),
                payload_b64: Some("/wAB".to_owned()),
                ..TracedPacket::default()
            }),
            ..TraceEvent::default()
        };
        assert_eq!(
            output::escaped(&in_words(&event)),
            "2026-11-22T03:00:00.000Z #3 127.0.0.1:5 -> PUBLISH topic=\"a\\\" qos=9\\u001b[2J\\n\" qos=1 id=7 \
             payload=3 bytes 0xff0001"
        );
    }
}
