//! `log`: where logs go.

use std::path::{Path, PathBuf};

use super::Resolver;
use crate::config::{LogFormat, LogLevel, LogOptions, LogTarget, Rotation};

const FILE: &str = "vouchmq.log";

impl Resolver<'_> {
    pub(super) fn log(&mut self, data: &Path) -> LogOptions {
        let mut options = LogOptions { file: data.join(FILE), ..LogOptions::default() };
        let Some(section) = self.section("log") else { return options };
        if let Some(list) = section.get("to") {
            options.to = self.targets(list);
        }
        options.level = match section.text("level") {
            Some("off") => LogLevel::Off,
            Some("fatal" | "error") => LogLevel::Error,
            Some("warn") => LogLevel::Warn,
            Some("debug") => LogLevel::Debug,
            Some("trace") => LogLevel::Trace,
            _ => LogLevel::Info,
        };
        if section.text("format") == Some("json") {
            options.format = LogFormat::Json;
        }
        let folder = section.text("dir").map_or_else(|| data.to_owned(), PathBuf::from);
        options.file = folder.join(section.text("file").unwrap_or(FILE));
        let default = Rotation { ..options.rotation };
        options.rotation = Rotation {
            bytes_max: self.number("log.rotation.size").unwrap_or(default.bytes_max),
            files_max: self
                .number("log.rotation.count")
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(default.files_max),
        };
        options
    }

    /// What is not written to goes to the console.
    fn targets(&mut self, list: &crate::tree::Node) -> Vec<LogTarget> {
        let mut targets = Vec::new();
        for node in list.list().unwrap_or_default() {
            let target = match node.text() {
                Some("file") => LogTarget::File,
                Some("syslog" | "uds") => {
                    let text = "log.to: logs go to files and to the console: this one goes to the console";
                    self.warn(node.place, text, "a service manager takes what is written to the console");
                    LogTarget::Console
                }
                _ => LogTarget::Console,
            };
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        if targets.is_empty() {
            self.warn(
                list.place,
                "log.to: nothing is named: logs go to the console",
                "write level = off to have none",
            );
            targets.push(LogTarget::Console);
        }
        targets
    }
}
