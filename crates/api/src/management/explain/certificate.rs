use std::sync::Arc;

use vouchmq_client::dto::verify::Decision;
use vouchmq_identity::model::{CredentialState, Unusable};
use vouchmq_identity::registry::{Actor, Arrive, Arrived, Refusal};
use vouchmq_identity::store::StoreFault;
use vouchmq_identity::{AuthRequest, ClientCertificate, Denial};

use super::finding::Finding;
use crate::management::Management;
use crate::management::text::time_of;

impl Finding {
    /// What only the database knows of a certificate: whether it is revoked, or what would become of a device that
    /// nobody has seen. Nothing is written.
    pub(super) async fn look_at_certificate(
        &mut self,
        here: &Management,
        request: &AuthRequest,
        certificate: &Arc<ClientCertificate>,
    ) -> Result<(), StoreFault> {
        let known = here.registry.read().await?.credentials_of_certificate(certificate.fingerprint()).await?;
        let live = known.iter().find(|known| known.state != CredentialState::Revoked);
        if let Some(row) = live.or(known.last()) {
            if row.state == CredentialState::Revoked {
                let when = row.revoked_at.map(time_of).unwrap_or_default();
                self.deny(Denial::Credential(Unusable::Revoked));
                self.detail = format!("{}, since {when}", self.detail);
            }
            self.device = Some(row.device.clone());
            self.credential = Some(row.id);
            self.row = Some(row.clone());
            return Ok(());
        }
        let Some(Ok(newcomer)) = here.resident.newcomer(request) else {
            if self.decision == Decision::NotMine {
                self.detail =
                    "nobody has this certificate, and no authority that is attached to a product signed \
                               it; the next authenticator would be asked"
                        .to_owned();
            }
            return Ok(());
        };
        self.device = Some(newcomer.device);
        let trial = Arrive { certificate: certificate.clone(), is_trial: true };
        match here.registry.execute(Actor::stranger(request.peer), trial).await.map(|done| done.outcome) {
            Ok(Arrived::In { is_new, .. }) => {
                self.decision = Decision::Allow;
                self.reason = None;
                self.is_first_use = true;
                self.detail = if is_new {
                    "it would be registered by its certificate, and let in".to_owned()
                } else {
                    "its certificate would become a credential of the device, and it would be let in"
                        .to_owned()
                };
            }
            Ok(Arrived::Waiting(_)) => self.deny(Denial::RegistrationPending),
            Err(Refusal::Store(fault)) => return Err(fault),
            Err(refusal) => {
                if let Some(denial) = Arrive::denial_of(&refusal) {
                    self.deny(denial);
                    self.detail = format!("{}: {refusal}", self.detail);
                }
            }
        }
        Ok(())
    }

    fn deny(&mut self, denial: Denial) {
        self.decision = Decision::Deny;
        self.reason = Some(denial.code());
        self.detail = denial.to_string();
    }
}
