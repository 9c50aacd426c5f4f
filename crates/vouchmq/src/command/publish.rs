//! `vouchmq pub`: the options of mosquitto_pub.

mod source;

use clap::{ArgGroup, Args};
use vouchmq_mqtt::client::{Event, SendError};
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{PropertiesBuf, QoS, TopicName};

use crate::client::link::{Link, Sent};
use crate::client::options::{self, Options, Plan};
use crate::client::properties::Place;
use crate::client::refusal;
use crate::exit::{self, Failure};
use crate::output;
use source::{Next, Source};

/// Bytes that may wait to be written before more is read from standard input.
const BACKLOG_MAX: usize = 1 << 20;

#[derive(Debug, Args)]
#[command(disable_help_flag = true, after_help = exit::CODES)]
#[command(group = ArgGroup::new("payload").required(true).args(["message", "file", "null_message", "stdin_file", "stdin_line"]))]
#[group(skip)]
pub(crate) struct Arguments {
    /// Publish to this topic
    #[arg(short = 't', long, required_unless_present = "url")]
    topic: Option<String>,
    #[command(flatten)]
    payload: Payload,
    /// Publish at this QoS
    #[arg(short = 'q', long, value_parser = options::qos, default_value = "0")]
    qos: QoS,
    /// Have the message retained
    #[arg(short = 'r', long)]
    retain: bool,
    /// Publish so many times
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with_all = ["stdin_line", "null_message"])]
    repeat: u64,
    /// Wait so many seconds in between
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = source::seconds)]
    repeat_delay: std::time::Duration,
    /// Have at most so many QoS 1 and 2 messages unacknowledged [default: what the server takes]
    #[arg(short = 'M', long, value_name = "N")]
    max_inflight: Option<u16>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Payload {
    /// Publish this text
    #[arg(short = 'm', long, allow_hyphen_values = true)]
    message: Option<String>,
    /// Publish the contents of this file
    #[arg(short = 'f', long)]
    file: Option<std::path::PathBuf>,
    /// Publish an empty message
    #[arg(short = 'n', long)]
    null_message: bool,
    /// Publish standard input as one message
    #[arg(short = 's', long)]
    stdin_file: bool,
    /// Publish each line of standard input as a message
    #[arg(short = 'l', long)]
    stdin_line: bool,
}

/// What is the same for every message.
struct Common<'a> {
    topic: &'a str,
    qos: QoS,
    retain: bool,
    properties: PropertiesBuf,
    in_flight_max: usize,
}

/// Publishes.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let plan =
        arguments.options.resolve(&[Place::Connect, Place::Publish, Place::Disconnect, Place::Will])?;
    let topic = arguments.topic.or_else(|| plan.topic.clone());
    let topic =
        topic.ok_or_else(|| Failure::unusable("no topic; give -t TOPIC, or one behind the / of -L"))?;
    let properties = plan.properties(Place::Publish)?;
    let has_alias = properties.as_properties().topic_alias().is_some();
    if !(has_alias && topic.is_empty()) {
        TopicName::new(&topic).map_err(|fault| Failure::unusable(format_args!("-t '{topic}': {fault}")))?;
    }
    let source = Source::open(&arguments.payload, arguments.repeat, arguments.repeat_delay)?;
    let common = Common {
        topic: &topic,
        qos: arguments.qos,
        retain: arguments.retain,
        properties,
        in_flight_max: arguments.max_inflight.map_or(usize::MAX, |max| usize::from(max.max(1))),
    };
    options::block_on(plan.is_quiet, publish(&plan, source, &common))
}

async fn publish(plan: &Plan, mut source: Source, common: &Common<'_>) -> Result<(), Failure> {
    let farewell = plan.properties(Place::Disconnect)?;
    let mut link = plan.connect().await?;
    let mut refused = 0_u64;
    let mut is_over = false;
    let mut waiting: Option<Vec<u8>> = None;
    loop {
        refused += acknowledgements(&mut link, common.topic, plan.is_quiet)?;
        if let Some(payload) = waiting.take() {
            waiting = send(&mut link, common, payload)?;
        }
        if is_over && waiting.is_none() && link.in_flight_count() == 0 {
            break;
        }
        let may_send = !is_over
            && waiting.is_none()
            && link.in_flight_count() < common.in_flight_max
            && link.backlog() < BACKLOG_MAX;
        let delay = source.due();
        let until = if may_send && !delay.is_zero() { link.now().after(delay) } else { Timestamp::NEVER };
        tokio::select! {
            next = source.next(), if may_send && delay.is_zero() => match next? {
                Next::Message(payload) => waiting = send(&mut link, common, payload)?,
                Next::End => is_over = true,
            },
            woken = link.wait(until) => woken.map_err(|failure| unacknowledged(failure, &link))?,
        }
    }
    link.close(farewell.as_properties()).await?;
    if refused > 0 { Err(Failure::Reported) } else { Ok(()) }
}

/// Sends a message; gives it back while the server takes no more.
fn send(link: &mut Link, common: &Common<'_>, payload: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
    let publish = Publish {
        dup: false,
        retain: common.retain,
        qos: common.qos,
        topic: common.topic,
        packet_id: None,
        properties: common.properties.as_properties(),
        payload: &payload,
    };
    match link.publish(&publish) {
        Ok(Sent::Now) => Ok(None),
        Ok(Sent::Later) => Ok(Some(payload)),
        Err(error @ SendError::TooLarge) => {
            let bytes = payload.len();
            Err(Failure::failed(format_args!("the message of {bytes} bytes is {error}")))
        }
        Err(error) => Err(Failure::failed(format_args!("cannot publish to '{}': {error}", common.topic))),
    }
}

/// Takes what the server has said; returns how many messages it refused.
fn acknowledgements(link: &mut Link, topic: &str, is_quiet: bool) -> Result<u64, Failure> {
    let mut refused = 0;
    while let Some(event) = link.event()? {
        match event {
            Event::Acknowledged { reason, properties, .. } if reason.is_error() => {
                refused += 1;
                if !is_quiet {
                    let why = refusal::explained(reason, properties);
                    output::complain(&format!("the server refused a message to '{topic}': {why}"));
                }
            }
            Event::Disconnected { reason, properties } => return Err(refusal::ended(reason, properties)),
            Event::Connected { .. }
            | Event::Refused { .. }
            | Event::Message(_)
            | Event::Received { .. }
            | Event::Acknowledged { .. }
            | Event::Released(_)
            | Event::Subscribed { .. }
            | Event::Unsubscribed { .. }
            | Event::Pong
            | Event::Auth { .. } => {}
        }
    }
    Ok(refused)
}

/// Tells how many messages may not have arrived.
fn unacknowledged(failure: Failure, link: &Link) -> Failure {
    match (failure, link.in_flight_count()) {
        (Failure::Failed(why) | Failure::Lost(why), count @ 1..) => {
            Failure::Failed(format!("{why}; messages not acknowledged: {count}"))
        }
        (failure, _) => failure,
    }
}
