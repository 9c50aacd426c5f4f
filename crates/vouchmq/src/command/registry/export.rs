//! `vouchmq export`: the registry, or one product, as a file that import takes.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;
use vouchmq_client::dto::transfer::{End, Line};

use super::Act;
use super::operator::Operator;
use super::path::ApiPath;
use crate::exit::Failure;
use crate::output;

mod target;

use target::Target;

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Export {
    /// This product, its devices and claim tokens only
    #[arg(long, value_name = "KEY-OR-ID", value_parser = NonEmptyStringValueParser::new())]
    product: Option<String>,
    /// With what credentials and claim tokens are compared with, so that devices can log in where it is imported and
    /// the keys are the same; for administrators. Keep it as secret as the keys
    #[arg(long)]
    verifiers: bool,
    /// Write into this file, which only you can read; '-' is standard output [default: standard output, unless it is
    /// a terminal]
    #[arg(long, short = 'o', value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file when there is one
    #[arg(long, requires = "out")]
    force: bool,
}

/// Sees whether an export is whole, as it goes by.
#[derive(Debug, Default)]
struct Check {
    line_count: u64,
    /// The line that has begun; no more of it than the last one can have.
    line: Vec<u8>,
    end: Option<u64>,
}

/// The last line is far shorter.
const LAST_MAX: usize = 256;

impl Act for Export {
    async fn act(self, operator: &Operator) -> Result<(), Failure> {
        let Self { product, verifiers, out, force } = self;
        if out.is_none() && io::stdout().is_terminal() {
            let told = "standard output is a terminal: give --out FILE, or --out - to have it there";
            return Err(Failure::unusable(told));
        }
        let out = out.filter(|out| out.as_os_str() != "-");
        out.as_deref().map(|out| target::check(out, force)).transpose()?;
        let product = match product {
            Some(product) => Some(operator.product_id(&product).await?),
            None => None,
        };
        let path = ApiPath::to(&["exports"])
            .with("product_id", product)
            .with("with", verifiers.then_some("verifiers"));
        let mut download = operator.download(&path).await?;
        let mut target = Target::open(out.as_deref(), force)?;
        let mut check = Check::default();
        while let Some(part) = operator.told(download.next().await)? {
            check.take(&part);
            target.write(&part)?;
        }
        if !check.is_whole() {
            return Err(Failure::failed("the export broke off, and something is missing: export again"));
        }
        target.finish()?;
        let lines = check.line_count;
        if let Some(out) = &out {
            let answer = json!({"file": out.display().to_string(), "lines": lines});
            operator.done(&answer, &format!("{lines} lines written to {}", out.display()))?;
        }
        if !verifiers {
            output::note("without --verifiers: devices that are imported from it have no credentials");
        }
        Ok(())
    }
}

impl Check {
    fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LAST_MAX.saturating_sub(self.line.len());
            self.line.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if piece.ends_with(b"\n") {
                self.end = match serde_json::from_slice(&self.line) {
                    Ok(Line::End(End { lines })) => Some(lines),
                    Ok(_) | Err(_) => None,
                };
                self.line.clear();
                self.line_count += 1;
            }
        }
    }

    /// The last line is there, and as many before it as it says.
    fn is_whole(&self) -> bool {
        self.line.is_empty() && self.end.is_some_and(|lines| lines + 1 == self.line_count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_whole(text: &str, part_len: usize) -> bool {
        let mut check = Check::default();
        text.as_bytes().chunks(part_len).for_each(|part| check.take(part));
        check.is_whole()
    }

    #[test]
    fn an_export_is_whole_when_its_last_line_says_so() {
        let product = format!("{{\"type\":\"x\",\"name\":\"{}\"}}", "x".repeat(1_000));
        let end = |lines: u64| format!("{{\"type\":\"end\",\"lines\":{lines}}}");
        for part_len in [1, 7, 300, 10_000] {
            assert!(is_whole(&format!("{product}\n{product}\n{}\n", end(2)), part_len));
            for broken in [
                String::new(),
                format!("{product}\n"),
                format!("{product}\n{}", end(1)),
                format!("{product}\n{}\n", end(2)),
                format!("{product}\n{}\n{product}\n", end(1)),
                format!("{product}\n{}\n{{", end(1)),
            ] {
                assert!(!is_whole(&broken, part_len), "{broken}");
            }
        }
    }
}
