use crate::acl::Acl;
use crate::model::{
    ApiKey, Attributes, BlockEntry, CertificateAuthority, ClaimToken, Credential, Device, Product,
    Registration, Validity, Voucher,
};
use crate::store::Digest;
use crate::{CheckValue, PepperVersion, UnixMillis};

/// What the audit log tells of a row: its name, and a digest by which two of its states are told apart. No
/// secret, verifier or hash goes into it.
pub trait Fingerprint {
    /// What the row is called, as `device/0199…`.
    fn name(&self) -> String;
    /// What the digest is of.
    fn parts(&self) -> Vec<String>;

    /// The digest of all parts.
    fn digest(&self) -> Digest {
        let parts = self.parts();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        Digest::of(&parts)
    }
}

fn time(at: Option<UnixMillis>) -> String {
    at.map(|at| at.millis().to_string()).unwrap_or_default()
}

fn validity(validity: &Validity) -> String {
    format!("{}..{}", time(validity.not_before), time(validity.not_after))
}

fn pairs(pairs: &Attributes) -> String {
    pairs.iter().map(|(name, value)| format!("{name:?}={value:?};")).collect()
}

fn rules(acl: &Acl) -> String {
    acl.rules()
        .iter()
        .map(|rule| format!("{} {} {:?};", rule.effect, rule.action, rule.pattern.to_string()))
        .collect()
}

fn words<T: std::fmt::Display>(words: &[T]) -> String {
    words.iter().map(|word| format!("{word};")).collect()
}

impl Fingerprint for Product {
    fn name(&self) -> String {
        format!("product/{}", self.id)
    }

    fn parts(&self) -> Vec<String> {
        let Self { id, key, name, strategy, binding, kinds, acl, devices_max, state, version, .. } = self;
        vec![
            id.to_string(),
            key.to_string(),
            name.to_string(),
            strategy.to_string(),
            binding.to_string(),
            words(kinds),
            rules(acl),
            devices_max.map(|max| max.to_string()).unwrap_or_default(),
            state.to_string(),
            version.to_string(),
        ]
    }
}

impl Fingerprint for Device {
    fn name(&self) -> String {
        format!("device/{}", self.id)
    }

    fn parts(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.product.to_string(),
            self.hardware_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            self.state.to_string(),
            pairs(&self.tags),
            pairs(&self.attributes),
            time(self.expires_at),
            self.origin.to_string(),
            self.version.to_string(),
        ]
    }
}

impl Fingerprint for Credential {
    fn name(&self) -> String {
        format!("credential/{}", self.id)
    }

    fn parts(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.device.to_string(),
            self.proof.kind().to_string(),
            self.state.to_string(),
            validity(&self.validity),
            time(self.first_used_at),
            time(self.revoked_at),
        ]
        .into_iter()
        // Entries from before there were certificates stay what they are.
        .chain(self.proof.certificate().map(|proof| proof.fingerprint.to_string()))
        .collect()
    }
}

impl Fingerprint for CertificateAuthority {
    fn name(&self) -> String {
        format!("certificate_authority/{}", self.id)
    }

    fn parts(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.product.to_string(),
            self.certificate.fingerprint().to_string(),
            self.template.to_string(),
            self.state.to_string(),
            self.version.to_string(),
        ]
    }
}

impl Fingerprint for ClaimToken {
    fn name(&self) -> String {
        format!("claim_token/{}", self.id)
    }

    fn parts(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.product.to_string(),
            self.uses_max.map(|max| max.to_string()).unwrap_or_default(),
            time(self.expires_at),
            words(&self.networks),
            self.hardware_ids.as_ref().map(|pattern| pattern.as_str().to_owned()).unwrap_or_default(),
            time(self.revoked_at),
        ]
    }
}

impl Fingerprint for Registration {
    fn name(&self) -> String {
        format!("registration/{}", self.id)
    }

    fn parts(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.product.to_string(),
            self.hardware_id.to_string(),
            match self.voucher {
                Voucher::Claim(token) => token.to_string(),
                Voucher::Certificate(authority, certificate) => format!("{authority} {certificate}"),
            },
            self.device.as_ref().map(ToString::to_string).unwrap_or_default(),
            self.state.to_string(),
            self.version.to_string(),
        ]
    }
}

impl Fingerprint for BlockEntry {
    fn name(&self) -> String {
        format!("block/{}", self.id)
    }

    fn parts(&self) -> Vec<String> {
        let block = &self.block;
        vec![
            self.id.to_string(),
            block.target.kind().to_string(),
            block.target.to_string(),
            block.reason.to_string(),
            time(block.until),
            self.version.to_string(),
        ]
    }
}

/// A key, by what it is known by.
impl Fingerprint for (PepperVersion, CheckValue) {
    fn name(&self) -> String {
        format!("key/{}", self.0)
    }

    fn parts(&self) -> Vec<String> {
        vec![self.0.to_string(), self.1.to_string()]
    }
}

impl Fingerprint for ApiKey {
    fn name(&self) -> String {
        format!("api_key/{}", self.id)
    }

    fn parts(&self) -> Vec<String> {
        vec![
            self.id.to_string(),
            self.name.to_string(),
            words(&self.scopes),
            words(&self.networks),
            time(self.expires_at),
            time(self.revoked_at),
        ]
    }
}
