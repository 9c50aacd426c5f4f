//! `vouchmq check`: what a configuration file says, what is wrong with it, and what it opens to whom.

use std::path::PathBuf;

use clap::Args;
use vouchmq_config::{Config, Outcome};

use crate::configuration::{self, Said};
use crate::exit::{self, Failure};
use crate::output;

#[derive(Debug, Args)]
#[command(after_help = exit::CODES)]
#[group(skip)]
pub(crate) struct Arguments {
    /// The configuration file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Take this in place of what the file says, as mqtt.max_packet_size=2MB; repeat for more
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

/// Checks a file as `vouchmq serve` would, and starts nothing.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let outcome = configuration::outcome(&Said {
        file: Some(arguments.file.clone()),
        set: arguments.set.clone(),
        ..Said::default()
    });
    for line in outcome.report().lines() {
        output::line(&output::escaped(line))?;
    }
    let Some(config) = &outcome.config else {
        let count = outcome.notes.errors();
        let errors = if count == 1 { "1 error".to_owned() } else { format!("{count} errors") };
        let file = arguments.file.display();
        return Err(Failure::unusable(format_args!("{file}: {errors}; a broker would not start with it")));
    };
    if outcome.notes.errors() + outcome.notes.warnings() > 0 {
        output::line("")?;
    }
    print_effective(&outcome)?;
    print_exposed(config)
}

fn print_effective(outcome: &Outcome) -> Result<(), Failure> {
    let values: Vec<_> = outcome.effective().collect();
    let lines: Vec<String> = values.iter().map(|one| format!("{} = {}", one.key, one.value)).collect();
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0).min(WIDTH_MAX);
    output::line("In effect:")?;
    for (value, line) in values.iter().zip(&lines) {
        let without = if value.acts { "" } else { ", without effect" };
        let line = format!("  {line:width$}  {}{without}", value.origin);
        output::line(&output::escaped(&line))?;
    }
    output::line("")
}

/// Longer lines are not aligned.
const WIDTH_MAX: usize = 60;

fn print_exposed(config: &Config) -> Result<(), Failure> {
    let exposed = config.exposed();
    if exposed.is_empty() {
        return output::line("Open: nothing. Nobody could reach the broker.");
    }
    output::line("Open:")?;
    let width = exposed.iter().map(|one| one.url.chars().count()).max().unwrap_or(0);
    for one in &exposed {
        let encrypted = if one.is_encrypted { "encrypted" } else { "NOT ENCRYPTED" };
        let (url, reach) = (&one.url, one.reach);
        let line = format!("  {url:width$}  for {reach:17}  {encrypted:13}  {}", one.who);
        output::line(&output::escaped(&line))?;
    }
    Ok(())
}
