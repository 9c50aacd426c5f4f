//! `vouchmq check`: what a configuration file says, what is wrong with it, and what it opens to whom.

use std::path::PathBuf;

use clap::Args;
use vouchmq_config::{Config, HttpListenerOptions, Outcome};
use vouchmq_tls::Server;

use crate::configuration::{self, Mistake, Said, operators, people};
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

/// Checks a file, and what it names, as `vouchmq serve` would, and starts nothing.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let outcome = configuration::outcome(&Said {
        file: Some(arguments.file.clone()),
        set: arguments.set.clone(),
        ..Said::default()
    });
    let (mut mistakes, mut warnings) = (Vec::new(), Vec::new());
    if let Some(config) = &outcome.config {
        match people::read(config, &outcome) {
            Ok(people) => warnings = people.warnings,
            Err(more) => mistakes = more,
        }
        mistakes.extend(operators::read(config, &outcome).err().into_iter().flatten());
        look_at_certificates(config, &mut mistakes, &mut warnings);
    }
    let report = outcome.report();
    let lines = report.lines().map(ToOwned::to_owned);
    let lines = lines.chain(warnings.iter().map(|text| format!("warning: {text}")));
    for line in
        lines.chain(mistakes.iter().map(|mistake| format!("{}: error: {}", mistake.place, mistake.text)))
    {
        output::line(&output::escaped(&line))?;
    }
    let count = outcome.notes.errors().saturating_add(mistakes.len());
    let Some(config) = outcome.config.as_ref().filter(|_| count == 0) else {
        let errors = if count == 1 { "1 error".to_owned() } else { format!("{count} errors") };
        let file = arguments.file.display();
        return Err(Failure::unusable(format_args!("{file}: {errors}; a broker would not start with it")));
    };
    if !report.is_empty() || !warnings.is_empty() {
        output::line("")?;
    }
    print_effective(&outcome)?;
    print_exposed(config)
}

/// Reads certificates, keys, authorities and lists as a listener would.
fn look_at_certificates(config: &Config, mistakes: &mut Vec<Mistake>, warnings: &mut Vec<String>) {
    let http = |name: &str, http: &HttpListenerOptions| Some((name.to_owned(), http.tls.clone()?));
    let listeners = config.listeners.iter();
    let all = listeners
        .filter_map(|listener| Some((format!("listeners.{}", listener.name), listener.tls.clone()?)))
        .chain(config.management.iter().filter_map(|options| http("http_server.tls", &options.http)))
        .chain(config.registration.iter().filter_map(|options| http("registration.tls", &options.http)))
        .chain(
            config
                .authentication_service
                .iter()
                .filter_map(|options| http("auth_service.tls", &options.http)),
        );
    for (name, options) in all {
        match Server::load_now(&options) {
            Ok(server) => warnings.extend(server.notices().iter().map(|notice| format!("{name}: {notice}"))),
            Err(fault) => mistakes.push(Mistake::new(name, fault)),
        }
    }
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
