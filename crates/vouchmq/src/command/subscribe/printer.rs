//! How messages are printed.

use clap::Args;
use vouchmq_mqtt::packet::Publish;

use super::format::Format;
use crate::clock::Utc;
use crate::exit::Failure;
use crate::output::{self, Output};

/// For `--help`.
pub(super) const HELP: &str = "\
Sequences of -F:
  %t topic               %p payload             %x %X payload in hexadecimal
  %l payload's length    %q QoS                 %r retained: 0 or 1
  %m %i packet id        %A topic alias         %C content type
  %D correlation data    %E message expiry      %F payload format
  %P user properties     %R response topic      %S subscription identifiers
  %I date and time       %U Unix time           %j %J JSON, with the payload as text or as JSON
  @Y @m @d @H @M @S @N   parts of date and time as in strftime, and nanoseconds
  %% @@ \\\\ \\0 \\a \\e \\n \\r \\t \\v   as they are
  %-10.20t               left-aligned, at least 10 and at most 20 characters; %05l with zeros
Dates and times are UTC.

A connection that is lost is made again, until a signal, -C or -W ends it.

Exit codes:
   0  done
   1  failed: no connection at the start, refused by the server
   2  cannot be done as asked: usage
  27  the time of -W is over";

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// Print the topic, too
    #[arg(short = 'v', long)]
    verbose: bool,
    /// Print like this, as '%t %q %p'; --help lists the sequences
    #[arg(short = 'F', value_name = "FORMAT")]
    format: Option<String>,
    /// Print no end of line behind a message
    #[arg(short = 'N')]
    no_newline: bool,
    /// Print JSON (%j, %J) on many lines
    #[arg(long, requires = "format")]
    pretty: bool,
}

/// Prints messages.
pub(super) struct Printer {
    output: Output,
    style: Style,
    newline: &'static [u8],
    line: Vec<u8>,
}

enum Style {
    Payload,
    Verbose,
    Format(Format),
}

impl Printer {
    pub(super) fn new(arguments: Arguments) -> Result<Self, Failure> {
        let style = match arguments.format {
            Some(text) => Style::Format(
                Format::parse(&text, arguments.pretty)
                    .map_err(|why| Failure::unusable(format_args!("-F '{text}': {why}")))?,
            ),
            None if arguments.verbose => Style::Verbose,
            None => Style::Payload,
        };
        let newline: &[u8] = if arguments.no_newline { b"" } else { b"\n" };
        Ok(Self { output: Output::lock(), style, newline, line: Vec::new() })
    }

    /// Prints a message.
    pub(super) fn print(&mut self, publish: &Publish<'_>) -> Result<(), Failure> {
        self.line.clear();
        match &self.style {
            Style::Payload => self.line.extend_from_slice(publish.payload),
            Style::Verbose => {
                self.line.extend_from_slice(publish.topic.as_bytes());
                let payload = if publish.payload.is_empty() { b"(null)" } else { publish.payload };
                self.line.push(b' ');
                self.line.extend_from_slice(payload);
            }
            Style::Format(format) => {
                if let Err(why) = format.write(publish, &Utc::now(), &mut self.line) {
                    output::complain(&format!("a message to '{}' cannot be printed: {why}", publish.topic));
                    return Ok(());
                }
            }
        }
        self.line.extend_from_slice(self.newline);
        self.output.write(&self.line)
    }

    /// Hands over what was printed.
    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        self.output.flush()
    }
}
