//! `mode = native`: our own authentication service, on another machine.

use std::time::Duration;

use vouchmq_client::remote::options::NativeOptions;

use super::super::{Resolver, Section};
use super::REQUESTS;
use crate::url::Service;

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
        let mut servers: Vec<Box<str>> = Vec::new();
        for node in native.list("servers").unwrap_or_default() {
            let Some(url) = node.text() else { continue };
            let Some(service) = self.service(node, &key) else { continue };
            if !matches!(service.target, "" | "/") {
                let text = format!("{key}: our service has its own paths");
                self.error(
                    node.place,
                    text,
                    "write http://HOST:PORT or https://HOST:PORT, and nothing behind it",
                );
            }
            let server = Box::from(url.trim_end_matches('/'));
            if servers.contains(&server) {
                self.error(node.place, format!("{key}: it stands there twice"), "name each server once");
            }
            servers.push(server);
        }
        if servers.is_empty() && native.list("servers").is_none_or(<[_]>::is_empty) {
            let place = native.get("servers").map_or(native.node.place, |node| node.place);
            self.error(
                place,
                format!("{key}: there is none"),
                "write native.servers = [\"https://HOST:PORT\"]",
            );
        }
        servers
    }

    /// Where a service is; an error, if that is not what stands there.
    pub(super) fn service(&mut self, node: &'a crate::tree::Node, key: &str) -> Option<Service<'a>> {
        match Service::of(node.text()?) {
            Ok(service) => {
                if !service.has_tls && !service.is_loopback() {
                    let text = format!(
                        "{key}: passwords go to {} in clear, and whoever is in between lets in whom it likes",
                        service.host
                    );
                    self.warn(node.place, text, "write https://…");
                }
                Some(service)
            }
            Err(fault) => {
                self.error(node.place, format!("{key}: {fault}"), fault.hint());
                None
            }
        }
    }
}
