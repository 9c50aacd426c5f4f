//! `vouchmq message`: publishing over the management API, where MQTT itself is out of reach.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Subcommand};
use serde_json::Value;
use vouchmq_client::dto::message::{MessageProperties, NewMessage, UserProperty};

use super::Act;
use super::input::pair;
use super::operator::Operator;
use super::path::ApiPath;
use crate::exit::Failure;

/// The API takes less.
const PAYLOAD_MAX: u64 = 16 * 1024 * 1024;

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Publish a message
    Publish(Box<Publish>),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("payload").required(true).args(["message", "file", "stdin", "empty"]))]
#[group(skip)]
pub(crate) struct Publish {
    /// Publish to this topic
    #[arg(short, long, value_parser = NonEmptyStringValueParser::new())]
    topic: String,
    #[command(flatten)]
    payload: Payload,
    /// Publish at this QoS
    #[arg(short, long, default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=2))]
    qos: u8,
    /// Have it retained; an empty one removes what is retained
    #[arg(short, long)]
    retain: bool,
    #[command(flatten)]
    properties: Properties,
}

#[derive(Debug, Args)]
#[group(skip)]
struct Payload {
    /// This text
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true)]
    message: Option<String>,
    /// The contents of this file
    #[arg(short, long)]
    file: Option<PathBuf>,
    /// Standard input
    #[arg(short, long)]
    stdin: bool,
    /// Nothing
    #[arg(short = 'n', long)]
    empty: bool,
}

#[derive(Debug, Args)]
#[group(skip)]
struct Properties {
    /// It is worth nothing after so many seconds
    #[arg(long, value_name = "SECONDS")]
    expiry: Option<u32>,
    /// What the payload is, as application/json
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Where an answer is expected
    #[arg(long, value_name = "TOPIC")]
    response_topic: Option<String>,
    /// What belongs to the request
    #[arg(long, value_name = "TEXT")]
    correlation: Option<String>,
    /// Say that the payload is UTF-8
    #[arg(long)]
    utf8: bool,
    /// A User Property; repeat for more
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    user_property: Vec<(String, String)>,
}

impl Act for Action {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let Self::Publish(publish) = self;
        let answer = operator.post(&ApiPath::to(&["publish"]), &publish.message()?).await?;
        let is_matched = answer.get("matched") == Some(&Value::Bool(true));
        operator
            .done(&answer, if is_matched { "published" } else { "published; nobody has subscribed to it" })
    }
}

impl Publish {
    pub(super) fn message(self) -> Result<NewMessage, Failure> {
        let Self { topic, payload, qos, retain, properties } = self;
        let properties = Some(properties.given()).filter(|given| *given != MessageProperties::default());
        Ok(NewMessage { topic, qos, retain, properties, ..NewMessage::with_payload(payload.read()?) })
    }
}

impl Payload {
    fn read(self) -> Result<Vec<u8>, Failure> {
        let Self { message, file, stdin, empty: _ } = self;
        if let Some(file) = file {
            let opened = fs::File::open(&file).and_then(read_all);
            return opened
                .map_err(|error| Failure::unusable(format_args!("cannot read {}: {error}", file.display())));
        }
        if stdin {
            let read = read_all(io::stdin().lock());
            return read
                .map_err(|error| Failure::unusable(format_args!("cannot read standard input: {error}")));
        }
        Ok(message.unwrap_or_default().into_bytes())
    }
}

fn read_all(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(PAYLOAD_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > PAYLOAD_MAX {
        return Err(io::Error::other("it is larger than any message may be"));
    }
    Ok(bytes)
}

impl Properties {
    fn given(self) -> MessageProperties {
        let Self { expiry, content_type, response_topic, correlation, utf8, user_property } = self;
        MessageProperties {
            payload_format_indicator: utf8.then_some(1),
            message_expiry_interval: expiry,
            content_type,
            response_topic,
            correlation_data: correlation,
            correlation_data_b64: None,
            user_properties: user_property
                .into_iter()
                .map(|(name, value)| UserProperty { name, value })
                .collect(),
        }
    }
}
