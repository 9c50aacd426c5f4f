//! `vouchmq sub`: the options of mosquitto_sub.

mod filter;
mod format;
mod json;
mod printer;

use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use vouchmq_mqtt::client::Event;
use vouchmq_mqtt::packet::{Publish, Reasons, SubscriptionFiltersBuf, SubscriptionOptions, TopicFiltersBuf};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::topic::{ParsedFilter, TopicLimits};
use vouchmq_mqtt::{Properties, QoS};

use crate::client::link::Link;
use crate::client::options::{self, Options, Plan};
use crate::client::properties::Place;
use crate::client::refusal;
use crate::exit::Failure;
use crate::output;
use filter::{Fate, Filter};
use printer::Printer;

#[derive(Debug, Args)]
#[command(disable_help_flag = true, after_help = printer::HELP)]
#[group(skip)]
pub(crate) struct Arguments {
    /// Subscribe to this topic filter; repeat for more
    #[arg(short = 't', long, value_name = "FILTER", required_unless_present_any = ["url", "unsubscribe"])]
    topic: Vec<String>,
    /// Unsubscribe from this topic filter, when subscribed to the others; repeat for more
    #[arg(short = 'U', long, value_name = "FILTER")]
    unsubscribe: Vec<String>,
    /// Receive at most at this QoS
    #[arg(short = 'q', long, value_parser = options::qos, default_value = "0")]
    qos: QoS,
    /// Have the retain flag as it was published (MQTT 5)
    #[arg(long)]
    retain_as_published: bool,
    /// End after so many messages
    #[arg(short = 'C', value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// End after so many seconds, with exit code 27
    #[arg(short = 'W', value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    wait: Option<u64>,
    /// End when the server has answered all subscriptions
    #[arg(short = 'E')]
    exit_when_subscribed: bool,
    #[command(flatten)]
    filter: filter::Arguments,
    #[command(flatten)]
    printer: printer::Arguments,
    #[command(flatten)]
    options: Options,
}

/// What was asked for.
struct Subscription {
    topics: Vec<String>,
    unsubscribe: Vec<String>,
    options: SubscriptionOptions,
    wait: Option<Duration>,
    exit_when_subscribed: bool,
}

/// Why it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    TimedOut,
}

/// Subscribes, and prints what arrives.
pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    let places = [Place::Connect, Place::Subscribe, Place::Unsubscribe, Place::Disconnect, Place::Will];
    let plan = arguments.options.resolve(&places)?;
    let mut options = SubscriptionOptions::new(arguments.qos);
    options.retain_as_published = arguments.retain_as_published;
    if arguments.retain_as_published && !plan.dialect.has_properties() {
        return Err(Failure::unusable("--retain-as-published is for MQTT 5; leave it or -V out"));
    }
    let subscription = Subscription {
        topics: arguments.topic.into_iter().chain(plan.topic.clone()).collect(),
        unsubscribe: arguments.unsubscribe,
        options,
        wait: arguments.wait.map(Duration::from_secs),
        exit_when_subscribed: arguments.exit_when_subscribed,
    };
    for filter in subscription.topics.iter().chain(&subscription.unsubscribe) {
        let refused = |fault| Failure::unusable(format_args!("topic filter '{filter}': {fault}"));
        ParsedFilter::parse(filter, &TopicLimits::STANDARD).map_err(refused)?;
    }
    if subscription.topics.is_empty() && subscription.unsubscribe.is_empty() {
        return Err(Failure::unusable("no topic; give -t FILTER, or one behind the / of -L"));
    }
    let filter = Filter::new(&arguments.filter, arguments.count)?;
    let printer = Printer::new(arguments.printer)?;
    options::block_on(plan.is_quiet, subscribe(&plan, &subscription, filter, printer))
}

async fn subscribe(
    plan: &Plan,
    subscription: &Subscription,
    mut filter: Filter,
    mut printer: Printer,
) -> Result<(), Failure> {
    let farewell = plan.properties(Place::Disconnect)?;
    let failed = |error| Failure::unusable(format_args!("cannot listen for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut link = plan.connect().await?;
    let deadline = subscription.wait.map_or(Timestamp::NEVER, |wait| link.now().after(wait));
    let mut answers = subscription.send(plan, &mut link)?;
    let mut cleared = Vec::new();
    let end = loop {
        let end = subscription.events(&mut link, (&mut filter, &mut printer), &mut answers, &mut cleared)?;
        for topic in cleared.drain(..) {
            clear(&mut link, &topic)?;
        }
        printer.flush()?;
        if let Some(end) = end {
            break end;
        }
        if link.now() >= deadline {
            break End::TimedOut;
        }
        tokio::select! {
            woken = link.wait(deadline) => woken?,
            _ = interrupt.recv() => break End::Done,
            _ = terminate.recv() => break End::Done,
        }
    };
    link.close(farewell.as_properties()).await?;
    if end == End::TimedOut { Err(Failure::TimedOut) } else { Ok(()) }
}

// === impl Subscription ===

impl Subscription {
    /// Sends SUBSCRIBE and UNSUBSCRIBE; returns how many answers are due.
    fn send(&self, plan: &Plan, link: &mut Link) -> Result<usize, Failure> {
        let failed = |error| Failure::failed(format_args!("cannot subscribe: {error}"));
        let mut answers = 0;
        if !self.topics.is_empty() {
            let mut filters = SubscriptionFiltersBuf::default();
            self.topics.iter().for_each(|topic| filters.push(topic, self.options));
            let properties = plan.properties(Place::Subscribe)?;
            link.subscribe(filters.as_filters(), properties.as_properties()).map_err(failed)?;
            answers += 1;
        }
        if !self.unsubscribe.is_empty() {
            let mut filters = TopicFiltersBuf::default();
            self.unsubscribe.iter().for_each(|topic| filters.push(topic));
            let properties = plan.properties(Place::Unsubscribe)?;
            link.unsubscribe(filters.as_filters(), properties.as_properties()).map_err(failed)?;
            answers += 1;
        }
        Ok(answers)
    }

    /// Takes everything that was received.
    fn events(
        &self,
        link: &mut Link,
        (filter, printer): (&mut Filter, &mut Printer),
        answers: &mut usize,
        cleared: &mut Vec<String>,
    ) -> Result<Option<End>, Failure> {
        while let Some(event) = link.event()? {
            match event {
                Event::Message(publish) => {
                    if take(&publish, filter, printer, cleared)? {
                        return Ok(Some(End::Done));
                    }
                }
                Event::Subscribed { reasons, properties, .. } => {
                    *answers -= 1;
                    self.granted(reasons, properties)?;
                }
                Event::Unsubscribed { .. } => *answers -= 1,
                Event::Disconnected { reason, properties } => return Err(refusal::ended(reason, properties)),
                Event::Connected { .. }
                | Event::Refused { .. }
                | Event::Received { .. }
                | Event::Acknowledged { .. }
                | Event::Released(_)
                | Event::Pong
                | Event::Auth { .. } => {}
            }
            if *answers == 0 && self.exit_when_subscribed {
                return Ok(Some(End::Done));
            }
        }
        Ok(None)
    }

    /// Says which subscriptions were refused; it is a failure when all were.
    fn granted(&self, reasons: Reasons<'_>, properties: Properties<'_>) -> Result<(), Failure> {
        let mut refused = 0;
        for (topic, reason) in self.topics.iter().zip(reasons.iter()).filter(|(_, reason)| reason.is_error())
        {
            refused += 1;
            let why = refusal::explained(reason, properties);
            output::complain(&format!("the server refused the subscription to '{topic}': {why}"));
        }
        if refused == self.topics.len() { Err(Failure::Reported) } else { Ok(()) }
    }
}

/// Prints a message if it is to be printed; `true` when it was the last one.
fn take(
    publish: &Publish<'_>,
    filter: &mut Filter,
    printer: &mut Printer,
    cleared: &mut Vec<String>,
) -> Result<bool, Failure> {
    let fate = filter.judge(publish);
    if filter.is_to_be_cleared(publish) {
        cleared.push(publish.topic.to_owned());
    }
    match fate {
        Fate::Drop => Ok(false),
        Fate::End => Ok(true),
        Fate::Print { is_last } => {
            printer.print(publish)?;
            Ok(is_last)
        }
    }
}

/// Removes a retained message: an empty one takes its place.
fn clear(link: &mut Link, topic: &str) -> Result<(), Failure> {
    let publish = Publish {
        dup: false,
        retain: true,
        qos: QoS::AtMostOnce,
        topic,
        packet_id: None,
        properties: Properties::EMPTY,
        payload: b"",
    };
    let failed =
        |error| Failure::failed(format_args!("cannot remove the retained message of '{topic}': {error}"));
    link.publish(&publish).map(|_| ()).map_err(failed)
}
