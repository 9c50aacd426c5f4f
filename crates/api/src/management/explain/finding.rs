use secrecy::ExposeSecret;
use vouchmq_client::dto::explain::ExplainResponse;
use vouchmq_client::dto::verify::{AclAction, AclEntry, AclPermission, Decision};
use vouchmq_identity::acl::{Action, Effect, Names};
use vouchmq_identity::model::{
    Credential, CredentialId, CredentialState, DeviceId, DeviceState, Proof, Unusable,
};
use vouchmq_identity::resident::{Judgement, Resident};
use vouchmq_identity::store::StoreFault;
use vouchmq_identity::{AuthRequest, Denial, Secret, SecretFault, SecretUse, UnixMillis, Verdict};

use crate::management::Management;
use crate::management::text::time_of;

/// What was found out about a client.
pub(super) struct Finding {
    pub(super) decision: Decision,
    pub(super) reason: Option<&'static str>,
    pub(super) detail: String,
    pub(super) device: Option<DeviceId>,
    pub(super) credential: Option<CredentialId>,
    pub(super) row: Option<Credential>,
    pub(super) is_first_use: bool,
    acl: Option<Vec<AclEntry>>,
    expires_at: Option<UnixMillis>,
    as_of: u64,
}

impl Finding {
    fn new(decision: Decision, reason: Option<&'static str>, detail: String, as_of: u64) -> Self {
        let (device, credential, row, acl, expires_at) = (None, None, None, None, None);
        Self {
            decision,
            reason,
            detail,
            device,
            credential,
            row,
            is_first_use: false,
            acl,
            expires_at,
            as_of,
        }
    }

    /// A block hits what the client says, or where it comes from.
    pub(super) fn blocked(as_of: u64) -> Self {
        let detail = "a block hits its User Name, its Client Identifier or its address".to_owned();
        Self::new(Decision::Deny, Some(Denial::Blocked.code()), detail, as_of)
    }

    /// What a judgement means, and what the database knows beside it.
    pub(super) async fn of(here: &Management, request: &AuthRequest, judgement: Judgement) -> Self {
        let Judgement { verdict, device, proven, as_of, allowed: _ } = judgement;
        let mut finding = match verdict {
            Verdict::Allow(allowance) => {
                let detail = "it would be let in".to_owned();
                let expires_at = allowance.expires_at;
                let acl = device.as_ref().and_then(|device| acl_of(&here.resident, device, request));
                Self { acl, expires_at, ..Self::new(Decision::Allow, None, detail, as_of) }
            }
            Verdict::Deny(denial) => {
                Self::new(Decision::Deny, Some(denial.code()), denial.to_string(), as_of)
            }
            Verdict::NotMine => {
                let denial =
                    if request.username.is_none() { Denial::NoCredential } else { Denial::UnknownUser };
                let detail =
                    format!("no device has this name; the next authenticator would be asked: {denial}");
                Self::new(Decision::NotMine, Some(denial.code()), detail, as_of)
            }
            Verdict::Unavailable(why) => {
                Self::new(Decision::Unavailable, Some(why.code()), why.to_string(), as_of)
            }
        };
        finding.is_first_use = proven.is_some_and(|proven| proven.is_unconfirmed);
        finding.credential = proven.map(|proven| proven.credential);
        finding.device = device;
        let certificate = request.certificate.as_ref().filter(|_| request.password.is_none());
        let looked_up = match certificate {
            Some(certificate) => finding.look_at_certificate(here, request, certificate).await,
            None => finding.look_up(here, request).await,
        };
        if looked_up.is_err() {
            finding.detail.push_str("; the database does not answer, so it may know more");
        }
        finding
    }

    /// What only the database knows: what is revoked or retired is not resident.
    async fn look_up(&mut self, here: &Management, request: &AuthRequest) -> Result<(), StoreFault> {
        let name = request.username.as_deref().and_then(|name| name.parse::<DeviceId>().ok());
        let Some(name) = name else { return Ok(()) };
        let mut rows = here.registry.read().await?;
        let Some(device) = rows.device(&name).await? else { return Ok(()) };
        let credentials = rows.credentials_of(&name).await?;
        self.device = Some(name);
        if let Some(id) = self.credential {
            self.row = credentials.into_iter().find(|known| known.id == id);
            return Ok(());
        }
        if device.state == DeviceState::Retired {
            self.reason = Some(Denial::Retired.code());
            self.detail = Denial::Retired.to_string();
        }
        let is_open =
            self.reason == Some(Denial::WrongPassword.code()) || device.state == DeviceState::Retired;
        if is_open && let Some(password) = &request.password {
            self.look_at_password(here, credentials, password.expose_secret(), device.state);
        }
        Ok(())
    }

    /// Which credential a generated secret was of.
    fn look_at_password(
        &mut self,
        here: &Management,
        credentials: Vec<Credential>,
        password: &[u8],
        state: DeviceState,
    ) {
        let key_id = match Secret::key_id_in(SecretUse::Device, password) {
            Ok(key_id) => key_id,
            Err(SecretFault::Foreign) => return,
            Err(fault @ (SecretFault::Shape | SecretFault::Check)) => {
                self.detail = format!("{}: {fault}", self.detail);
                return;
            }
        };
        let mut named = credentials.into_iter().filter_map(|known| match known.proof {
            Proof::Secret(id, verifier) if id == key_id => Some((known, verifier)),
            Proof::Secret(..) | Proof::Password(_) | Proof::Scram(_) | Proof::Certificate(_) => None,
        });
        let Some((credential, verifier)) = named.next() else {
            self.detail = format!("{}: no credential of the device has the key id {key_id}", self.detail);
            return;
        };
        let id = credential.id.to_string();
        let is_same = here.registry.keyring().matches(&verifier, &id, password);
        if is_same != Some(true) {
            self.detail = format!("{}: it has the key id of a credential, and is another text", self.detail);
        } else if credential.state == CredentialState::Revoked && state != DeviceState::Retired {
            let revoked = Denial::Credential(Unusable::Revoked);
            self.reason = Some(revoked.code());
            let when = credential.revoked_at.map(time_of).unwrap_or_default();
            self.detail = format!("{revoked}, since {when}");
        }
        self.credential = Some(credential.id);
        self.row = Some(credential);
    }

    pub(super) fn body(self) -> ExplainResponse {
        let row = self.row.as_ref();
        ExplainResponse {
            decision: self.decision,
            reason: self.reason.map(str::to_owned),
            detail: self.detail,
            device_id: self.device.map(|id| id.to_string()),
            credential_id: self.credential.map(|id| id.to_string()),
            credential_state: row.map(|row| row.state.to_string()),
            credential_revoked_at: row.and_then(|row| row.revoked_at).map(time_of),
            is_first_use: self.is_first_use,
            acl: self.acl,
            expires_at: self.expires_at.map(time_of),
            as_of: self.as_of,
        }
    }
}

/// The rules of a device with its names in them; those that its names cannot stand in are left out.
fn acl_of(resident: &Resident, id: &DeviceId, request: &AuthRequest) -> Option<Vec<AclEntry>> {
    let device = resident.device(id.as_str())?;
    let product = resident.product(device.product)?;
    let names = Names {
        client_id: &request.client_id,
        username: Some(id.as_str()),
        device: Some(id.as_str()),
        product: Some(product.key.as_str()),
        address: request.peer,
        attributes: &device.attributes,
    };
    let rules = product.acl.rules().iter().filter_map(|rule| {
        Some(AclEntry {
            permission: match rule.effect {
                Effect::Allow => AclPermission::Allow,
                Effect::Deny => AclPermission::Deny,
            },
            action: match rule.action {
                Action::Publish => AclAction::Publish,
                Action::Subscribe => AclAction::Subscribe,
                Action::Both => AclAction::All,
            },
            topic: match (rule.pattern.filter_of(&names), rule.effect) {
                (Some(filter), _) => filter.to_string(),
                // A strange name frees no client from a rule.
                (None, Effect::Deny) => "#".to_owned(),
                (None, Effect::Allow) => return None,
            },
        })
    });
    Some(rules.collect())
}
