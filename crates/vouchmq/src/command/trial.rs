//! `vouchmq auth test`: who would be let in by a configuration, and what it may do. Without a broker.

mod arguments;
mod asking;
mod seen;
mod shown;
mod wish;

use std::sync::Arc;

use clap::Subcommand;
use vouchmq_broker::SystemClock;
use vouchmq_client::remote::{Remote, Surroundings};
use vouchmq_config::Config;
use vouchmq_identity::{AuthRequest, Verdict};

use super::registry::json;
use crate::configuration::people::{self, People};
use crate::configuration::{self, Mistake};
use crate::exit::Failure;
use crate::output;
use arguments::Arguments;
use seen::{Seen, Trial};
use wish::Wish;

/// What to try.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask, as 'vouchmq serve' would, whether a client may connect, and show each step: requests with secrets
    /// hidden, answers as they came, verdicts, times
    Test(Box<Arguments>),
}

/// Tries it.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    let Command::Test(arguments) = command;
    let mut outcome = configuration::outcome(&arguments.said());
    let Some(config) = outcome.config.take() else {
        let mistakes = outcome.mistakes().map(Mistake::from);
        return Err(configuration::told(mistakes.collect()));
    };
    let people = people::read(&config, &outcome).map_err(configuration::told)?;
    let wish = arguments.wish()?;
    let request = arguments.request(&config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::unusable(format_args!("cannot start: {error}")))?;
    let trial = crate::runtime::block_on(&runtime, tried(&config, people, request, wish))?;
    if arguments.json {
        output::line(&json::pretty(&shown::json(&trial)))?;
    } else {
        shown::lines(&trial).iter().try_for_each(|line| output::line(&output::escaped(line)))?;
    }
    if trial.is_let_through() { Ok(()) } else { Err(Failure::Reported) }
}

async fn tried(
    config: &Config,
    people: People,
    request: AuthRequest,
    wish: Option<Wish>,
) -> Result<Trial, Failure> {
    let seen = Arc::new(Seen::default());
    let watch = seen.clone();
    let surroundings = Surroundings::new(tokio::runtime::Handle::current(), Arc::new(SystemClock))
        .watched(move |exchange| watch.exchange(exchange));
    let remote = config.remote.clone().map(|options| Remote::new(options, &surroundings)).transpose();
    let remote = remote.map_err(|fault| configuration::told(vec![Mistake::new("auth.http_auth", fault)]))?;
    surroundings.is_asked(remote.as_ref());
    let chain = asking::chain(&people.order, remote.as_ref(), &Arc::new(people.configured), &seen);
    let client = shown::client(&request);
    let signing_key = config.remote.as_ref().and_then(|options| options.signing.as_ref());
    let signing_key = signing_key.map(|signing| signing.key_id.to_string());
    let verdict = asking::judged(&chain, request).await;
    let steps = seen.steps();
    let wished = match (&verdict, wish) {
        (Verdict::Allow(allowance), Some(wish)) => {
            Some(wish::tried(wish, &*allowance.authorize, &seen).await)
        }
        (Verdict::Allow(_) | Verdict::Deny(_) | Verdict::NotMine | Verdict::Unavailable(_), _) => None,
    };
    Ok(Trial { client, signing_key, steps, verdict, wished })
}
