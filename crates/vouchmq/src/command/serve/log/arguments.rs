use clap::{Args, ValueEnum};
use vouchmq_config::{LogFormat, LogLevel, LogOptions};

/// What the command line says about logs; the configuration file says more.
#[derive(Clone, Copy, Debug, Args)]
#[group(skip)]
pub(in crate::command::serve) struct Arguments {
    /// Log what is at least so important [default: info]
    #[arg(long, value_name = "LEVEL", env = "VOUCHMQ_LOG", value_enum)]
    log_level: Option<Level>,
    /// Log in this form [default: text]
    #[arg(long, value_name = "FORM", env = "VOUCHMQ_LOG_FORMAT", value_enum)]
    log_format: Option<Form>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How a line is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    /// One line for people: time, level, message, fields
    Text,
    /// One JSON object a line
    Json,
}

impl Arguments {
    /// The level that was said.
    pub(in crate::command::serve) fn level(self) -> Option<String> {
        self.log_level.and_then(|level| Some(level.to_possible_value()?.get_name().to_owned()))
    }

    /// The form that was said.
    pub(in crate::command::serve) fn format(self) -> Option<String> {
        self.log_format.and_then(|form| Some(form.to_possible_value()?.get_name().to_owned()))
    }

    /// Puts what was said in place of what the file says.
    pub(in crate::command::serve) fn apply(&self, options: &mut LogOptions) {
        if let Some(level) = self.log_level {
            options.level = match level {
                Level::Off => LogLevel::Off,
                Level::Error => LogLevel::Error,
                Level::Warn => LogLevel::Warn,
                Level::Info => LogLevel::Info,
                Level::Debug => LogLevel::Debug,
                Level::Trace => LogLevel::Trace,
            };
        }
        if let Some(form) = self.log_format {
            options.format = match form {
                Form::Text => LogFormat::Text,
                Form::Json => LogFormat::Json,
            };
        }
    }
}
