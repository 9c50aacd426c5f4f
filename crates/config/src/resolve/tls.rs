//! TLS of listeners, and of connections that are opened here.

use vouchmq_tls::{
    CertificateFiles, ClientCertificates, ClientOptions, ExpiredRevocationList, ServerOptions, TlsVersion,
    TlsVersions,
};

use super::{Resolver, Section};

impl<'a> Resolver<'a> {
    /// What is said about TLS in a block; an error where it is not enough for a listener that is on.
    pub(super) fn tls(&mut self, section: &Section<'a>, is_on: bool) -> Option<ServerOptions> {
        self.refuse_encrypted(section, is_on);
        let certificates = self.certificates(section, is_on);
        let clients = self.clients(section, is_on);
        let versions = self.versions(section);
        let has_tickets = section.switch("tickets").unwrap_or(true);
        if !is_on || certificates.is_empty() {
            return None;
        }
        Some(ServerOptions { certificates, clients, versions, has_tickets })
    }

    /// What is said about TLS to a server in `tls` of a block, or in `ssl`, which means the same.
    pub(super) fn outgoing_tls(&mut self, section: &Section<'a>, has_tls: bool) -> ClientOptions {
        let (tls, ssl) = (self.section(&section.key("tls")), self.section(&section.key("ssl")));
        if let (Some(_), Some(ssl)) = (&tls, &ssl) {
            let text = format!("{}: there is tls, too, which means the same", ssl.path);
            self.error(ssl.node.place, text, "take one of the two out");
        }
        let Some(block) = tls.or(ssl).filter(Section::is_on) else { return ClientOptions::default() };
        if !has_tls {
            let text = format!("{}: no URL begins with https://, so there is no TLS", block.path);
            self.warn(block.node.place, text, "write https://…, or take the block out");
        }
        self.refuse_encrypted(&block, true);
        let authorities = self.refer(&block, "cacertfile", has_tls);
        let (certificate, key) =
            (self.refer(&block, "certfile", has_tls), self.refer(&block, "keyfile", has_tls));
        if certificate.is_some() != key.is_some() {
            let text = format!("{}: a certificate needs both certfile and keyfile", block.path);
            self.error(block.node.place, text, "write both, or none of them");
        }
        let certificate =
            certificate.zip(key).map(|(certificate, key)| CertificateFiles { certificate, key });
        let server_name = block.text("server_name").map(str::to_owned);
        ClientOptions { authorities, certificate, server_name, versions: self.versions(&block) }
    }

    fn certificates(&mut self, section: &Section<'a>, is_on: bool) -> Vec<CertificateFiles> {
        let mut all = Vec::new();
        let mut blocks = vec![section.clone()];
        for item in section.list("certificates").unwrap_or_default() {
            blocks.push(Section { path: section.key("certificates[]"), node: item });
        }
        let is_alone = blocks.len() == 1;
        for (index, block) in blocks.iter().enumerate() {
            let certificate = self.refer(block, "certfile", is_on);
            let key = self.refer(block, "keyfile", is_on);
            match (certificate, key) {
                (Some(certificate), Some(key)) => all.push(CertificateFiles { certificate, key }),
                (None, None) if index == 0 && !is_alone => {}
                _ if !is_on => {}
                _ => {
                    let text = format!("{}: TLS needs both certfile and keyfile", block.path);
                    let hint = "'vouchmq cert self-signed' makes both";
                    self.error(block.node.place, text, hint);
                }
            }
        }
        all
    }

    fn refuse_encrypted(&mut self, section: &Section<'a>, is_on: bool) {
        let Some(password) = section.get("key_password").filter(|node| node.text() != Some("")) else {
            return;
        };
        let key = section.text("keyfile").unwrap_or("KEY");
        let hint = format!("decrypt the key: openssl pkey -in {key} -out {key}.plain; chmod 600 {key}.plain");
        let text = format!("{}: encrypted keys are not read", section.key("key_password"));
        if is_on {
            self.error(password.place, text, &hint);
        } else {
            self.warn(password.place, text, &hint);
        }
    }

    fn clients(&mut self, section: &Section<'a>, is_on: bool) -> Option<ClientCertificates> {
        let (verifies, is_required) = (section.switch("verify_peer"), section.switch("fail_if_no_peer_cert"));
        let is_required = is_required == Some(true);
        let verifies = match (verifies, is_required) {
            (Some(true), _) => true,
            (_, true) => {
                let place = section.get("fail_if_no_peer_cert").map_or(section.node.place, |node| node.place);
                let text = format!(
                    "{}: certificates of clients are asked for and verified with it",
                    section.key("fail_if_no_peer_cert")
                );
                self.warn(place, text, "write verify_peer = true as well, or take it out");
                true
            }
            _ => false,
        };
        let authorities = self.refer(section, "cacertfile", is_on && verifies);
        let mut revocation_lists = Vec::new();
        for node in section.list("crlfiles").unwrap_or_default() {
            let Some(path) = node.text() else { continue };
            let key = section.key("crlfiles");
            self.wants(super::Reference {
                path: path.into(),
                place: node.place,
                key,
                is_active: is_on && verifies,
            });
            revocation_lists.push(path.into());
        }
        if !verifies {
            if let Some(lists) = section.get("crlfiles") {
                let text = format!(
                    "{}: nobody is asked for a certificate that could be revoked",
                    section.key("crlfiles")
                );
                self.error(lists.place, text, "write verify_peer = true");
            }
            return None;
        }
        let Some(authorities) = authorities else {
            if is_on {
                let text = format!(
                    "{}: certificates of clients are verified by cacertfile, which is not there",
                    section.path
                );
                self.error(section.node.place, text, "write cacertfile, or verify_peer = false");
            }
            return None;
        };
        let expired_revocation_list = match section.text("expired_crl") {
            Some("accept") => ExpiredRevocationList::Accept,
            _ => ExpiredRevocationList::Refuse,
        };
        Some(ClientCertificates { authorities, revocation_lists, expired_revocation_list, is_required })
    }

    fn versions(&mut self, section: &Section<'a>) -> TlsVersions {
        let version = |key: &str| match section.text(key) {
            Some("1.2") => Some(TlsVersion::V1_2),
            Some("1.3") => Some(TlsVersion::V1_3),
            _ => None,
        };
        let default = TlsVersions::default();
        let (min, max) =
            (version("min_version").unwrap_or(default.min), version("max_version").unwrap_or(default.max));
        if min > max {
            let place = section.get("min_version").map_or(section.node.place, |node| node.place);
            self.error(
                place,
                format!("{} is above max_version", section.key("min_version")),
                "no client could connect",
            );
        }
        TlsVersions { min, max }
    }
}
