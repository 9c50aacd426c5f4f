//! Which messages are printed, and which one is the last.

use clap::Args;
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::{TopicFilter, topic};

use crate::exit::Failure;

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// Do not print messages of this topic filter; repeat for more
    #[arg(short = 'T', long, value_name = "FILTER")]
    filter_out: Vec<String>,
    /// Do not print retained messages
    #[arg(short = 'R', long = "no-retained", conflicts_with = "retained_only")]
    no_retained: bool,
    /// Print retained messages only, and end with the first other one
    #[arg(long)]
    retained_only: bool,
    /// Remove each retained message that arrives (not those of -T)
    #[arg(long)]
    remove_retained: bool,
}

/// Judges messages.
#[derive(Debug)]
pub(super) struct Filter {
    out: Vec<TopicFilter>,
    no_retained: bool,
    retained_only: bool,
    remove_retained: bool,
    /// Messages until the end.
    left: Option<u64>,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Print {
        is_last: bool,
    },
    Drop,
    /// Nothing is printed any more.
    End,
}

impl Filter {
    pub(super) fn new(arguments: &Arguments, count: Option<u64>) -> Result<Self, Failure> {
        let parse = |text: &String| {
            text.parse().map_err(|fault| Failure::unusable(format_args!("-T '{text}': {fault}")))
        };
        Ok(Self {
            out: arguments.filter_out.iter().map(parse).collect::<Result<_, _>>()?,
            no_retained: arguments.no_retained,
            retained_only: arguments.retained_only,
            remove_retained: arguments.remove_retained,
            left: count,
        })
    }

    /// What becomes of this message.
    pub(super) fn judge(&mut self, publish: &Publish<'_>) -> Fate {
        if self.retained_only && !publish.retain {
            return Fate::End;
        }
        if self.is_out(publish) || (self.no_retained && publish.retain) {
            return Fate::Drop;
        }
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
        }
        Fate::Print { is_last: self.left == Some(0) }
    }

    /// Whether the message is a retained one that is to be removed.
    pub(super) fn is_to_be_cleared(&self, publish: &Publish<'_>) -> bool {
        self.remove_retained && publish.retain && !publish.payload.is_empty() && !self.is_out(publish)
    }

    fn is_out(&self, publish: &Publish<'_>) -> bool {
        self.out.iter().any(|filter| topic::matches(filter.as_filter(), publish.topic))
    }
}
