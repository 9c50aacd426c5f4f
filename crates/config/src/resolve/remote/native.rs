//! `mode = native`: our own authentication service, on another machine.

use std::net::IpAddr;
use std::time::Duration;

use vouchmq_client::remote::options::NativeOptions;
use vouchmq_client::transport::Origin;

use super::super::{Resolver, Section};
use super::REQUESTS;
use crate::hocon::Place;

const BATCH_WINDOW: Duration = Duration::from_millis(2);
const BATCH_MAX: usize = 256;

impl<'a> Resolver<'a> {
    pub(super) fn native(&mut self, section: &Section<'a>) -> Option<NativeOptions> {
        for name in REQUESTS.into_iter().chain(["auth_resp"]) {
            if let Some(node) = section.get(name) {
                let text = format!("{}: with mode = native nothing is asked in this way", section.key(name));
                self.error(node.place, text, "take it out, or take mode out");
            }
        }
        let Some(native) = self.section(&section.key("native")) else {
            let place = section.get("mode").map_or(section.node.place, |node| node.place);
            let text = format!("{} does not say which servers are asked", section.path);
            self.error(place, text, "write native.servers = [\"https://HOST:PORT\"]");
            return None;
        };
        let servers = self.servers(&native);
        let tls = self.outgoing_tls(&native, servers.iter().any(|server| server.starts_with("https:")));
        Some(NativeOptions {
            servers,
            tls,
            batch_window: self.time(&native, "batch_window").unwrap_or(BATCH_WINDOW),
            batch_max: self.size(&native, "max_batch", BATCH_MAX),
            follows_changes: native.switch("follow_changes").unwrap_or(true),
            staleness_max: self.time(&native, "max_staleness").filter(|time| !time.is_zero()),
        })
    }

    fn servers(&mut self, native: &Section<'a>) -> Vec<Box<str>> {
        let key = native.key("servers");
        let nodes = native.list("servers").unwrap_or_default();
        if nodes.is_empty() {
            let place = native.get("servers").map_or(native.node.place, |node| node.place);
            self.error(
                place,
                format!("{key}: there is none"),
                "write native.servers = [\"https://HOST:PORT\"]",
            );
        }
        let mut origins: Vec<Origin> = Vec::new();
        for node in nodes {
            match node.text().map(str::parse::<Origin>) {
                Some(Ok(origin)) => {
                    self.warn_of_clear(&origin, node.place, &key);
                    if origins.contains(&origin) {
                        self.error(
                            node.place,
                            format!("{key}: it stands there twice"),
                            "name each server once",
                        );
                    }
                    origins.push(origin);
                }
                Some(Err(fault)) => self.notes.error(node.place, format!("{key}: {fault}")),
                // What is no text is told already.
                None => {}
            }
        }
        origins.iter().map(|origin| origin.to_string().into()).collect()
    }

    pub(super) fn warn_of_clear(&mut self, origin: &Origin, place: Place, key: &str) {
        if !origin.is_secure() && !is_loopback(origin.host()) {
            let text = format!(
                "{key}: passwords go to {} in clear, and whoever is in between lets in whom it likes",
                origin.authority()
            );
            self.warn(place, text, "write https://…");
        }
    }
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.to_canonical().is_loopback())
}
