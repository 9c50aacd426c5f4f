//! `vouchmq sub`: the options of mosquitto_sub.

mod conversation;
mod filter;
mod format;
mod json;
mod printer;

use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use vouchmq_mqtt::QoS;
use vouchmq_mqtt::packet::{SubscriptionFiltersBuf, SubscriptionOptions, TopicFiltersBuf};
use vouchmq_mqtt::topic::{ParsedFilter, TopicLimits};

use crate::client::link::Link;
use crate::client::options::{self, Options, Plan};
use crate::client::properties::Place;
use crate::exit::Failure;
use conversation::Conversation;
use filter::Filter;
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
    let wait = arguments.wait.map(Duration::from_secs);
    let conversation = Conversation::new(&plan, &subscription, filter, printer);
    options::block_on(plan.is_quiet, subscribe(&plan, wait, conversation))
}

/// Signals and `-W` count from the start, whatever the server does.
async fn subscribe(
    plan: &Plan,
    wait: Option<Duration>,
    mut conversation: Conversation<'_>,
) -> Result<(), Failure> {
    let farewell = plan.properties(Place::Disconnect)?;
    let failed = |error| Failure::unusable(format_args!("cannot listen for signals: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let timed_out = async {
        match wait {
            Some(wait) => tokio::time::sleep(wait).await,
            None => std::future::pending().await,
        }
    };
    let end = tokio::select! {
        biased;
        _ = interrupt.recv() => End::Done,
        _ = terminate.recv() => End::Done,
        () = timed_out => End::TimedOut,
        ended = conversation.run() => ended.map(|()| End::Done)?,
    };
    conversation.leave(farewell.as_properties()).await?;
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
}
