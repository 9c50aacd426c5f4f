//! Rows: usual ones by number, and odd ones with what is at the edge.

use std::sync::Arc;

use vouchmq_identity::acl::{Acl, AclRule, Action, Effect};
use vouchmq_identity::model::{
    ApiKey, Attributes, AuthorityState, Binding, BlockEntry, CertificateAuthority, ClaimToken, Credential,
    CredentialKind, CredentialState, Device, DeviceId, DeviceOrigin, DeviceState, Product, ProductId,
    ProductState, Proof, Registration, RegistrationState, Scope, Strategy, Validity, Voucher,
};
use vouchmq_identity::store::{AuditRecord, Digest};
use vouchmq_identity::{Block, BlockTarget, KeyId, PepperVersion, SecretVerifier, UnixMillis};

use super::NOW;

/// The id with this number, of any kind.
pub(crate) fn id<T: std::str::FromStr>(number: u64) -> T {
    parsed(&format!("018bcfe5-6800-7000-8000-{number:012x}"))
}

pub(crate) fn parsed<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

/// As much as the engines keep of a number.
pub(crate) const LATEST: UnixMillis = UnixMillis::new(i64::MAX as u64);

pub(crate) fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

pub(crate) fn product(number: u64) -> Product {
    Product::new(id(number), parsed(&format!("p{number}")), parsed("Product"), NOW)
}

pub(crate) fn odd_product() -> Product {
    let rule = |effect, action, pattern: &str| AclRule { effect, action, pattern: parsed(pattern) };
    Product {
        strategy: Strategy::Quarantine,
        binding: Binding::Any,
        kinds: CredentialKind::ALL.to_vec(),
        acl: Acl::new(vec![
            rule(Effect::Allow, Action::Both, "dev/${device}/\"\\/#"),
            rule(Effect::Deny, Action::Publish, "+/${attr.Größe}/'"),
            rule(Effect::Allow, Action::Subscribe, "$SYS/#"),
        ]),
        devices_max: Some(u32::MAX),
        state: ProductState::Disabled,
        version: i64::MAX as u64,
        created_at: UnixMillis::new(0),
        updated_at: LATEST,
        ..Product::new(
            id(u64::from(u32::MAX)),
            parsed("0-_z"),
            parsed("'; DROP TABLE products; -- \u{1F600}"),
            NOW,
        )
    }
}

pub(crate) fn device(number: u64, product: ProductId) -> Device {
    Device {
        id: id(number),
        product,
        hardware_id: Some(parsed(&format!("hw-{number}"))),
        state: DeviceState::Active,
        tags: Vec::new(),
        attributes: Vec::new(),
        expires_at: None,
        origin: DeviceOrigin::Manual,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn odd_device(product: ProductId) -> Device {
    Device {
        id: parsed("Z.a_b:c-9"),
        hardware_id: Some(parsed(" $1 ' \\0 \u{FFFD}")),
        state: DeviceState::Suspended,
        tags: attributes(&[("b", ""), ("a", "\0\\\"\u{1F600}"), ("b", ""), ("", "x")]),
        attributes: attributes(&[("z", "1"), ("a", "2")]),
        expires_at: Some(LATEST),
        origin: DeviceOrigin::Claim,
        version: 0,
        ..device(0, product)
    }
}

pub(crate) fn verifier(byte: u8) -> SecretVerifier {
    SecretVerifier { version: PepperVersion::FIRST, mac: [byte; 32] }
}

pub(crate) fn credential(number: u64, device: &DeviceId) -> Credential {
    let proof = Proof::Secret(KeyId::new([7; 6]), verifier(9));
    let state = CredentialState::Active;
    Credential { state, ..Credential::pending(id(number), device.clone(), proof, NOW) }
}

/// One of each kind.
pub(crate) fn odd_credentials(device: &DeviceId) -> [Credential; 3] {
    let zeros = "A".repeat(43);
    let password = parsed(&format!("$sha256$salt=none$${zeros}"));
    let scram = parsed(&format!("SCRAM-SHA-256$4096:AAAAAAAAAAAAAAAAAAAAAA==${zeros}=:{zeros}="));
    let version = PepperVersion::new(u16::MAX).unwrap();
    let secret = Proof::Secret(KeyId::new([0xFF; 6]), SecretVerifier { version, mac: [0; 32] });
    let make = |number, proof| Credential::pending(id(number), device.clone(), proof, NOW);
    let all = Validity { not_before: Some(UnixMillis::new(0)), not_after: Some(LATEST) };
    [
        Credential {
            validity: all,
            first_used_at: Some(NOW),
            last_used_at: Some(LATEST),
            ..make(901, secret)
        },
        Credential { state: CredentialState::Grace, ..make(902, Proof::Password(password)) },
        Credential {
            state: CredentialState::Revoked,
            revoked_at: Some(NOW),
            ..make(903, Proof::Scram(Arc::new(scram)))
        },
    ]
}

/// All of a credential, with what `Debug` does not show.
pub(crate) fn shown(credential: &Credential) -> String {
    let proof = match &credential.proof {
        Proof::Secret(key, verifier) => format!("{key} {:?}", verifier.mac),
        Proof::Password(hash) => hash.to_string(),
        Proof::Scram(verifier) => verifier.to_text().as_str().to_owned(),
        Proof::Certificate(proof) => proof.fingerprint.to_string(),
    };
    format!("{credential:?} {proof}")
}

/// One of two authorities.
pub(crate) fn authority(number: u64, product: ProductId) -> CertificateAuthority {
    let certificates =
        [include_str!("certificates/other-ca.pem"), include_str!("certificates/example-ca.pem")];
    CertificateAuthority {
        id: id(number),
        product,
        certificate: parsed(certificates[usize::from(number % 2 == 1)]),
        template: parsed("pump-${cn}.${subject.o}"),
        state: AuthorityState::Active,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn claim_token(number: u64, product: ProductId) -> ClaimToken {
    let [.., a, b, c, d, e, f] = number.to_be_bytes();
    ClaimToken {
        id: id(number),
        product,
        key_id: KeyId::new([a, b, c, d, e, f]),
        verifier: verifier(3),
        uses_max: None,
        uses: 0,
        expires_at: None,
        networks: Vec::new(),
        hardware_ids: None,
        revoked_at: None,
        created_by: parsed("admin"),
        created_at: NOW,
    }
}

pub(crate) fn odd_claim_token(product: ProductId) -> ClaimToken {
    ClaimToken {
        uses_max: Some(0),
        uses: u32::MAX,
        expires_at: Some(LATEST),
        networks: ["0.0.0.0/0", "2001:db8::/32"].map(parsed).into(),
        hardware_ids: Some(parsed("*?\\*'")),
        revoked_at: Some(NOW),
        created_by: parsed("Ä, \"x\""),
        ..claim_token(999, product)
    }
}

pub(crate) fn registration(number: u64, product: ProductId, state: RegistrationState) -> Registration {
    Registration {
        id: id(number),
        product,
        hardware_id: parsed(&format!("hw-{number}")),
        voucher: Voucher::Claim(id(1)),
        device: None,
        credential: None,
        state,
        peer: None,
        rival_count: 0,
        decided_by: None,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

pub(crate) fn odd_registration(product: ProductId) -> Registration {
    Registration {
        device: Some(parsed("Z.a_b:c-9")),
        credential: Some(id(901)),
        peer: Some(parsed("2001:db8::1")),
        rival_count: u32::MAX,
        decided_by: Some(parsed("admin")),
        ..registration(999, product, RegistrationState::Issued)
    }
}

pub(crate) fn block(number: u64, kind: &str, value: &str) -> BlockEntry {
    let target = BlockTarget::parse(kind, value).unwrap();
    let block = Block { target, reason: "a\0b\\ \u{1F600}\n".into(), until: Some(LATEST) };
    BlockEntry { id: id(number), block, created_by: parsed("admin"), version: 1, created_at: NOW }
}

pub(crate) fn api_key(number: u64) -> ApiKey {
    let ClaimToken { key_id, verifier, .. } = claim_token(number, id(1));
    ApiKey {
        id: id(number),
        name: parsed("ci"),
        key_id,
        verifier,
        scopes: Scope::ALL.to_vec(),
        networks: vec![parsed("10.0.0.0/8")],
        expires_at: Some(LATEST),
        revoked_at: None,
        created_at: NOW,
    }
}

pub(crate) fn audit_record(number: u64) -> AuditRecord {
    AuditRecord {
        at: NOW,
        actor: "device:\0".into(),
        address: number.is_multiple_of(2).then(|| parsed("::ffff:192.0.2.1")),
        request_id: (number % 2 == 1).then(|| "\\0".into()),
        action: "device.suspend".into(),
        target: format!("device/{number}").into(),
        reason: "weil \"es\" \\ muss".into(),
        before: None,
        after: Some(Digest::of(&["x"])),
    }
}
