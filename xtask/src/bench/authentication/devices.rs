//! Devices of a registry, entered over its management API, and the file that the load generator reads.

use std::{fmt::Write, fs, path::Path, thread};

use anyhow::{Context, Result, anyhow};
use serde_json::json;

use super::super::http::Server;

/// Who enters at once: what is durable is committed together.
const CALLERS: u32 = 32;

/// Enters devices through the API on this port; writes client id, user name and secret of each into `file`.
pub(super) fn enter(port: u16, token: &str, count: u32, file: &Path) -> Result<()> {
    let new = json!({ "key": "sensor", "name": "Sensor" });
    let product = Server::connect(port, Some(token))?.ask("POST", "/v1/products", Some(&new))?;
    let product = product.get("id").and_then(|id| id.as_str()).context("a product without an id")?;
    let lines = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| scope.spawn(move || some(port, token, product, (caller, count))))
            .collect();
        let ended =
            callers.into_iter().map(|caller| caller.join().map_err(|_| anyhow!("a thread has panicked"))?);
        ended.collect::<Result<Vec<String>>>()
    })?;
    fs::write(file, lines.concat()).with_context(|| format!("cannot write {}", file.display()))
}

fn some(port: u16, token: &str, product: &str, (caller, count): (u32, u32)) -> Result<String> {
    let mut server = Server::connect(port, Some(token))?;
    let mut lines = String::new();
    for number in (caller..count).step_by(usize::try_from(CALLERS)?) {
        let id = format!("device-{number:06}");
        let new = json!({ "product_id": product, "id": id, "issue_secret": true });
        let device = server.ask("POST", "/v1/devices", Some(&new))?;
        let secret =
            device.get("secret").and_then(|secret| secret.as_str()).context("a device without a secret")?;
        writeln!(lines, "{id}\t{id}\t{secret}")?;
    }
    Ok(lines)
}
