use base64ct::{Base64, Encoding};
use vouchmq_client::dto::product::NewAclRule;
use vouchmq_client::dto::transfer::{
    BlockLine, CertificateLine, ClaimTokenLine, CredentialLine, DeviceLine, ProductLine, Verifier,
};
use vouchmq_identity::SecretVerifier;
use vouchmq_identity::model::{BlockEntry, ClaimToken, Credential, Device, Product, Proof};

use crate::management::devices::body::map_of;
use crate::management::text::time_of;

pub(super) fn product(product: &Product) -> ProductLine {
    let rules = product.acl.rules().iter().map(|rule| NewAclRule {
        effect: rule.effect.to_string(),
        action: rule.action.to_string(),
        topic: rule.pattern.to_string(),
    });
    ProductLine {
        id: product.id.to_string(),
        key: product.key.to_string(),
        name: product.name.to_string(),
        reg_strategy: product.strategy.to_string(),
        clientid_binding: product.binding.to_string(),
        allowed_kinds: product.kinds.iter().map(ToString::to_string).collect(),
        acl: rules.collect(),
        max_devices: product.devices_max,
        state: product.state.to_string(),
        created_at: time_of(product.created_at),
    }
}

pub(super) fn device(device: &Device, credentials: &[Credential], has_verifiers: bool) -> DeviceLine {
    DeviceLine {
        id: device.id.to_string(),
        product_id: device.product.to_string(),
        hw_id: device.hardware_id.as_ref().map(ToString::to_string),
        state: device.state.to_string(),
        tags: map_of(&device.tags),
        attributes: map_of(&device.attributes),
        expires_at: device.expires_at.map(time_of),
        source: device.origin.to_string(),
        created_at: time_of(device.created_at),
        credentials: credentials.iter().map(|known| credential(known, has_verifiers)).collect(),
    }
}

fn credential(credential: &Credential, has_verifiers: bool) -> CredentialLine {
    let (key_id, verifier) = match &credential.proof {
        Proof::Secret(key_id, verifier) => (Some(key_id.to_string()), Some(secret(verifier))),
        Proof::Password(hash) => (None, Some(text(hash.to_string()))),
        Proof::Scram(verifier) => (None, Some(text(verifier.to_text().to_string()))),
        Proof::Certificate(_) => (None, None),
    };
    let certificate = credential.proof.certificate().map(|known| CertificateLine {
        fingerprint: known.fingerprint.to_string(),
        subject: known.subject.as_ref().map(ToString::to_string),
        ends_at: known.ends_at.map(time_of),
        authority: known.authority.map(|known| known.to_string()),
    });
    CredentialLine {
        id: credential.id.to_string(),
        kind: credential.proof.kind().to_string(),
        state: credential.state.to_string(),
        not_before: credential.validity.not_before.map(time_of),
        not_after: credential.validity.not_after.map(time_of),
        created_at: time_of(credential.created_at),
        first_used_at: credential.first_used_at.map(time_of),
        last_used_at: credential.last_used_at.map(time_of),
        revoked_at: credential.revoked_at.map(time_of),
        key_id,
        verifier: verifier.filter(|_| has_verifiers),
        certificate,
    }
}

fn secret(verifier: &SecretVerifier) -> Verifier {
    let mac = Base64::encode_string(&verifier.mac);
    Verifier { key: Some(verifier.version.number()), mac: Some(mac), text: None }
}

fn text(text: String) -> Verifier {
    Verifier { text: Some(text), ..Verifier::default() }
}

pub(super) fn claim_token(token: &ClaimToken, has_verifiers: bool) -> ClaimTokenLine {
    ClaimTokenLine {
        id: token.id.to_string(),
        product_id: token.product.to_string(),
        key_id: token.key_id.to_string(),
        max_uses: token.uses_max,
        uses: token.uses,
        expires_at: token.expires_at.map(time_of),
        cidrs: token.networks.iter().map(ToString::to_string).collect(),
        hw_id_pattern: token.hardware_ids.as_ref().map(|pattern| pattern.as_str().to_owned()),
        revoked_at: token.revoked_at.map(time_of),
        created_by: token.created_by.to_string(),
        created_at: time_of(token.created_at),
        verifier: has_verifiers.then(|| secret(&token.verifier)),
    }
}

pub(super) fn block(entry: &BlockEntry) -> BlockLine {
    BlockLine {
        id: entry.id.to_string(),
        kind: entry.block.target.kind().to_string(),
        value: entry.block.target.to_string(),
        reason: entry.block.reason.to_string(),
        until: entry.block.until.map(time_of),
        created_by: entry.created_by.to_string(),
        created_at: time_of(entry.created_at),
    }
}
