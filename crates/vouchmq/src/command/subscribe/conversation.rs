//! The conversation with the server: subscribes, takes what arrives, and connects again when the connection is lost.

use std::time::Duration;

use vouchmq_mqtt::client::{ClientSession, Event};
use vouchmq_mqtt::packet::{Publish, Reasons};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Properties, QoS};

use super::Subscription;
use super::filter::{Fate, Filter};
use super::printer::Printer;
use crate::client::link::Link;
use crate::client::options::Plan;
use crate::client::refusal;
use crate::exit::Failure;
use crate::output;

/// Before the first attempt to connect again; twice as long before each further one.
const DELAY_MIN: Duration = Duration::from_millis(100);
const DELAY_MAX: Duration = Duration::from_secs(5);

/// One run of `sub`, over as many connections as it takes.
pub(super) struct Conversation<'a> {
    plan: &'a Plan,
    subscription: &'a Subscription,
    filter: Filter,
    printer: Printer,
    /// `None` while there is no connection.
    link: Option<Link>,
    /// What the next connection goes on with.
    session: ClientSession,
    /// SUBACK and UNSUBACK that are due.
    answers: usize,
    /// The server has answered everything once: a connection that is lost now was one.
    was_subscribed: bool,
    delay: Duration,
}

impl<'a> Conversation<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        subscription: &'a Subscription,
        filter: Filter,
        printer: Printer,
    ) -> Self {
        Self {
            plan,
            subscription,
            filter,
            printer,
            link: None,
            session: ClientSession::default(),
            answers: 0,
            was_subscribed: false,
            delay: DELAY_MIN,
        }
    }

    /// Receives until nothing more is wanted. May be dropped at any time.
    pub(super) async fn run(&mut self) -> Result<(), Failure> {
        let link = self.plan.connect().await?;
        self.begin(link)?;
        loop {
            match self.receive().await {
                Err(Failure::Lost(why)) if self.was_subscribed => self.connect_again(&why).await?,
                ended => return ended,
            }
        }
    }

    /// Takes leave of the server, if there is one.
    pub(super) async fn leave(self, farewell: Properties<'_>) -> Result<(), Failure> {
        match self.link {
            Some(link) => link.close(farewell).await,
            None => Ok(()),
        }
    }

    /// Subscribes on a new connection.
    fn begin(&mut self, mut link: Link) -> Result<(), Failure> {
        self.answers = self.subscription.send(self.plan, &mut link)?;
        self.link = Some(link);
        Ok(())
    }

    /// Receives until nothing more is wanted, or the connection is lost.
    async fn receive(&mut self) -> Result<(), Failure> {
        loop {
            let is_over = self.events();
            self.printer.flush()?;
            if is_over? {
                return Ok(());
            }
            // A server that never pauses must not keep signals and -W from being seen.
            tokio::task::consume_budget().await;
            let Some(link) = &mut self.link else { return Ok(()) };
            link.wait(Timestamp::NEVER).await?;
        }
    }

    /// Tries until there is a connection, or the server says that there will be none.
    async fn connect_again(&mut self, why: &str) -> Result<(), Failure> {
        if let Some(link) = self.link.take() {
            if link.now().since(Timestamp::ZERO) > DELAY_MAX {
                self.delay = DELAY_MIN;
            }
            self.session = link.into_session();
        }
        if !self.plan.is_quiet {
            output::complain(&format!("{why}; connecting again"));
        }
        loop {
            tokio::time::sleep(self.delay).await;
            self.delay = (self.delay * 2).min(DELAY_MAX);
            match self.plan.connect_again(&mut self.session).await {
                Ok(link) => return self.begin(link),
                Err(Failure::Lost(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Takes everything that was received; `true` when nothing more is wanted.
    fn events(&mut self) -> Result<bool, Failure> {
        let Some(link) = &mut self.link else { return Ok(false) };
        let mut cleared = Vec::new();
        let mut is_over = false;
        while !is_over && let Some(event) = link.event()? {
            match event {
                Event::Message(publish) => {
                    is_over = take(&publish, &mut self.filter, &mut self.printer, &mut cleared)?;
                }
                Event::Subscribed { reasons, properties, .. } => {
                    self.answers -= 1;
                    granted(&self.subscription.topics, reasons, properties)?;
                }
                Event::Unsubscribed { .. } => self.answers -= 1,
                Event::Disconnected { reason, properties } => return Err(refusal::ended(reason, properties)),
                Event::Connected { .. }
                | Event::Refused { .. }
                | Event::Received { .. }
                | Event::Acknowledged { .. }
                | Event::Released(_)
                | Event::Pong
                | Event::Auth { .. } => {}
            }
            self.was_subscribed |= self.answers == 0;
            is_over |= self.answers == 0 && self.subscription.exit_when_subscribed;
        }
        cleared.iter().try_for_each(|topic| clear(link, topic))?;
        Ok(is_over)
    }
}

/// Says which subscriptions were refused; it is a failure when all were.
fn granted(topics: &[String], reasons: Reasons<'_>, properties: Properties<'_>) -> Result<(), Failure> {
    let mut refused = 0;
    for (topic, reason) in topics.iter().zip(reasons.iter()).filter(|(_, reason)| reason.is_error()) {
        refused += 1;
        let why = refusal::explained(reason, properties);
        output::complain(&format!("the server refused the subscription to '{topic}': {why}"));
    }
    if refused == topics.len() { Err(Failure::Reported) } else { Ok(()) }
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
