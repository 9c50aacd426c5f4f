use std::collections::HashMap;

use base64ct::{Base64, Encoding};
use vouchmq_client::dto::transfer::{
    BlockLine, CertificateLine, ClaimTokenLine, CredentialLine, DeviceLine, Header, Line, ProductLine,
    Verifier,
};
use vouchmq_identity::model::Scope;
use vouchmq_identity::model::{
    BlockEntry, CertificateProof, ClaimToken, CredentialKind, Product, ProductId, Proof, Validity,
};
use vouchmq_identity::registry::{ImportCredential, ImportDevice, ImportItem};
use vouchmq_identity::{Block, BlockTarget, CheckValue, Keyring, PepperVersion, SecretVerifier};

use super::fault::Fault;
use super::row::{Row, word};
use super::run::Run;
use crate::http::Problem;
use crate::management::NETWORKS_MAX;
use crate::management::devices::body::pairs_of;
use crate::management::products::body::{read_acl, read_kinds};
use crate::management::text::{check_reason, read, read_all, read_some, read_some_time, read_time};

mod frame;

use frame::{Frame, no_header};

/// Reads what an export writes.
pub(super) struct NativeReader {
    /// Where all devices go, if somebody says so.
    product: Option<ProductId>,
    /// Products of the file that have another id here.
    products: HashMap<ProductId, ProductId>,
    /// Keys that the file was made with and that are here too.
    keys: Vec<PepperVersion>,
    frame: Frame,
}

/// Products of one file that are here under another id.
const PRODUCTS_MAX: usize = 10_000;

impl NativeReader {
    pub(super) fn new(product: Option<ProductId>) -> Self {
        Self { product, products: HashMap::new(), keys: Vec::new(), frame: Frame::default() }
    }

    /// A line, `None` if it is no text or too long; the error outside is one of the database.
    pub(super) async fn read(
        &mut self,
        run: &mut Run,
        line: Option<&str>,
    ) -> Result<Result<Option<Row>, Fault>, Problem> {
        let line = match self.frame.read(line) {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(Ok(None)),
            Err(fault) => return Ok(Err(fault)),
        };
        let item = match line {
            Line::Header(header) => return Ok(self.keys_of(&header, &run.keyring()).map(|()| None)),
            Line::End(_) => return Ok(Ok(None)),
            Line::Product(line) => {
                if self.product.is_some() {
                    return Ok(Ok(None));
                }
                match product_of(&line) {
                    Ok(product) => self.product_here(run, product).await?,
                    Err(fault) => Err(fault),
                }
            }
            Line::Device(line) => {
                let is_left = |line: &&CredentialLine| line.verifier.is_none() && line.certificate.is_none();
                let left = line.credentials.iter().filter(is_left).count();
                run.leave(left as u64);
                self.device(line).map(|device| ImportItem::Device(Box::new(device)))
            }
            Line::ClaimToken(line) => {
                self.claim_token(&line).map(|token| ImportItem::ClaimToken(Box::new(token)))
            }
            Line::Block(line) => run
                .may(Scope::BlocksWrite)
                .and_then(|()| block_of(line))
                .map(|block| ImportItem::Block(Box::new(block))),
        };
        Ok(item.map(|item| Some(Row::Item(item))))
    }

    /// Makes sure that nothing is missing.
    pub(super) fn end(&self) -> Result<(), Fault> {
        self.frame.end()
    }

    /// The keys that secrets of the file were made with are looked for here.
    fn keys_of(&mut self, header: &Header, keyring: &Keyring) -> Result<(), Fault> {
        for key in &header.keys {
            let version = PepperVersion::new(key.version).ok_or_else(no_header)?;
            let check: CheckValue = read("check", &key.check).map_err(|_| no_header())?;
            if keyring.check_values().any(|known| known == (version, check)) {
                self.keys.push(version);
            }
        }
        Ok(())
    }

    /// A product of this id or key that is here already takes its devices.
    async fn product_here(
        &mut self,
        run: &Run,
        product: Product,
    ) -> Result<Result<ImportItem, Fault>, Problem> {
        if let Some(known) = run.product_like(&product).await?
            && known != product.id
        {
            if self.products.len() >= PRODUCTS_MAX {
                return Ok(Err(Fault::new("too_many", "too many products are here under another id")));
            }
            self.products.insert(product.id, known);
        }
        Ok(Ok(ImportItem::Product(Box::new(product))))
    }

    fn product(&self, text: &str) -> Result<ProductId, Fault> {
        let id = read("product_id", text)?;
        Ok(self.product.unwrap_or_else(|| self.products.get(&id).copied().unwrap_or(id)))
    }

    fn device(&self, line: DeviceLine) -> Result<ImportDevice, Fault> {
        let credentials = line.credentials.iter().filter_map(|line| self.credential(line).transpose());
        Ok(ImportDevice {
            id: Some(read("id", &line.id)?),
            product: self.product(&line.product_id)?,
            hardware_id: read_some("hw_id", line.hw_id.as_deref())?,
            state: word("state", &line.state)?,
            credentials: credentials.collect::<Result<_, _>>()?,
            tags: pairs_of(line.tags),
            attributes: pairs_of(line.attributes),
            expires_at: read_some_time("expires_at", line.expires_at.as_deref())?,
            origin: word("source", &line.source)?,
            created_at: Some(read_time("created_at", &line.created_at)?),
        })
    }

    /// `None`: the export was made without verifiers.
    fn credential(&self, line: &CredentialLine) -> Result<Option<ImportCredential>, Fault> {
        let kind = word("kind", &line.kind)?;
        if let (CredentialKind::X509, Some(certificate)) = (kind, &line.certificate) {
            return self.credential_of(line, certificate_of(certificate)?).map(Some);
        }
        let Some(verifier) = &line.verifier else { return Ok(None) };
        let proof = match kind {
            CredentialKind::X509 => return Err(Fault::new("invalid", "certificate is missing")),
            CredentialKind::Secret => {
                let key_id =
                    line.key_id.as_deref().ok_or_else(|| Fault::new("invalid", "key_id is missing"))?;
                Proof::Secret(read("key_id", key_id)?, self.secret(verifier)?)
            }
            CredentialKind::Password => Proof::Password(text(verifier)?.parse()?),
            CredentialKind::Scram => {
                let verifier: vouchmq_identity::scram::ScramVerifier = text(verifier)?.parse()?;
                Proof::Scram(std::sync::Arc::new(verifier))
            }
        };
        self.credential_of(line, proof).map(Some)
    }

    fn credential_of(&self, line: &CredentialLine, proof: Proof) -> Result<ImportCredential, Fault> {
        Ok(ImportCredential {
            id: Some(read("id", &line.id)?),
            proof,
            state: word("state", &line.state)?,
            validity: Validity {
                not_before: read_some_time("not_before", line.not_before.as_deref())?,
                not_after: read_some_time("not_after", line.not_after.as_deref())?,
            },
            created_at: Some(read_time("created_at", &line.created_at)?),
            first_used_at: read_some_time("first_used_at", line.first_used_at.as_deref())?,
            last_used_at: read_some_time("last_used_at", line.last_used_at.as_deref())?,
            revoked_at: read_some_time("revoked_at", line.revoked_at.as_deref())?,
        })
    }

    fn secret(&self, verifier: &Verifier) -> Result<SecretVerifier, Fault> {
        let version = verifier.key.and_then(PepperVersion::new);
        let version = version.filter(|version| self.keys.contains(version)).ok_or_else(|| {
            let detail = "the secret was made with a key that is not here: start with the key file of the registry \
                          that was exported, and import the header too";
            Fault::new("unknown_key", detail)
        })?;
        let mut mac = [0; 32];
        let text = verifier.mac.as_deref().unwrap_or_default();
        match Base64::decode(text, &mut mac) {
            Ok(decoded) if decoded.len() == 32 => Ok(SecretVerifier { version, mac }),
            Ok(_) | Err(_) => Err(Fault::new("invalid", "mac is not the base64 of 32 bytes")),
        }
    }

    fn claim_token(&self, line: &ClaimTokenLine) -> Result<ClaimToken, Fault> {
        let verifier = line.verifier.as_ref().ok_or_else(|| {
            Fault::new(
                "no_verifier",
                "the export has no verifiers, and the text of the token is not known: make a new one",
            )
        })?;
        Ok(ClaimToken {
            id: read("id", &line.id)?,
            product: self.product(&line.product_id)?,
            key_id: read("key_id", &line.key_id)?,
            verifier: self.secret(verifier)?,
            uses_max: line.max_uses,
            uses: line.uses,
            expires_at: read_some_time("expires_at", line.expires_at.as_deref())?,
            networks: read_all("cidrs", &line.cidrs, NETWORKS_MAX)?,
            hardware_ids: read_some("hw_id_pattern", line.hw_id_pattern.as_deref())?,
            revoked_at: read_some_time("revoked_at", line.revoked_at.as_deref())?,
            created_by: read("created_by", &line.created_by)?,
            created_at: read_time("created_at", &line.created_at)?,
        })
    }
}

fn certificate_of(line: &CertificateLine) -> Result<Proof, Fault> {
    Ok(Proof::Certificate(std::sync::Arc::new(CertificateProof {
        fingerprint: read("fingerprint", &line.fingerprint)?,
        subject: line.subject.as_deref().map(Into::into),
        ends_at: read_some_time("ends_at", line.ends_at.as_deref())?,
        authority: read_some("authority", line.authority.as_deref())?,
    })))
}

fn text(verifier: &Verifier) -> Result<&str, Fault> {
    verifier.text.as_deref().ok_or_else(|| Fault::new("invalid", "the verifier has no text"))
}

fn product_of(line: &ProductLine) -> Result<Product, Fault> {
    let created_at = read_time("created_at", &line.created_at)?;
    Ok(Product {
        strategy: read("reg_strategy", &line.reg_strategy)?,
        binding: read("clientid_binding", &line.clientid_binding)?,
        kinds: read_kinds(&line.allowed_kinds)?,
        acl: read_acl(&line.acl)?,
        devices_max: line.max_devices,
        state: word("state", &line.state)?,
        ..Product::new(read("id", &line.id)?, read("key", &line.key)?, read("name", &line.name)?, created_at)
    })
}

fn block_of(line: BlockLine) -> Result<BlockEntry, Fault> {
    let target = BlockTarget::parse(&line.kind, &line.value);
    let target = target.map_err(|fault| Fault::new("invalid", fault.to_string()))?;
    Ok(BlockEntry {
        id: read("id", &line.id)?,
        block: Block {
            target,
            reason: check_reason(line.reason)?,
            until: read_some_time("until", line.until.as_deref())?,
        },
        created_by: read("created_by", &line.created_by)?,
        version: 1,
        created_at: read_time("created_at", &line.created_at)?,
    })
}
