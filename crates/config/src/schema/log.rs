//! Where logs go.

use super::Kind::{Bytes, Count, File, List, Text, Word};
use super::row::{Row, own, row};

pub(super) const ROWS: &[Row] = &[
    row("log.to", List(&Word(&["file", "console", "syslog", "uds"])))
        .guarded()
        .default("[console]")
        .acts("where logs go; what goes to syslog or a socket elsewhere goes to the console, which a service manager takes"),
    row("log.level", Word(&["off", "fatal", "error", "warn", "info", "debug", "trace"]))
        .default("info")
        .acts("what is less important is left out"),
    own("log.format", Word(&["text", "json"])).default("text").acts("a line for people, or a JSON object"),
    row("log.dir", File).acts("folder of the file; without it the data directory"),
    row("log.file", File).default("vouchmq.log").acts("the file"),
    row("log.uds_addr", Text).warns("logs go to files and to the console", "a Unix socket that takes logs"),
    row("log.rotation.size", Bytes).default("10MB").within(1024..=1 << 40).acts("bytes of a file; then the next is begun"),
    row("log.rotation.count", Count).default("5").within(1..=10_000).acts("files that are kept"),
];
