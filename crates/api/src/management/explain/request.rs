use std::sync::Arc;

use base64ct::{Base64, Encoding};
use secrecy::SecretSlice;
use vouchmq_client::dto::explain::ExplainRequest;
use vouchmq_identity::resident::Resident;
use vouchmq_identity::{AuthRequest, ClientCertificate};

use crate::http::Problem;
use crate::management::refusal::invalid;
use crate::management::text::read_some;

/// What is asked about, as the broker would be asked.
pub(super) fn read(resident: &Resident, asked: ExplainRequest) -> Result<AuthRequest, Problem> {
    let password = match (asked.password, asked.password_b64) {
        (Some(_), Some(_)) => return Err(invalid("/password", "send either password or password_b64")),
        (Some(text), None) => Some(text.into_bytes()),
        (None, Some(text)) => {
            let bytes = Base64::decode_vec(&text);
            Some(bytes.map_err(|_| invalid("/password_b64", "write base64 with padding"))?)
        }
        (None, None) => None,
    };
    let certificate = asked.certificate.as_deref().map(|text| certificate_of(resident, text)).transpose()?;
    Ok(AuthRequest {
        client_id: asked.clientid.into(),
        username: asked.username.map(Into::into),
        password: password.map(SecretSlice::from),
        peer: read_some("/peerhost", asked.peerhost.as_deref())?,
        certificate: certificate.map(Arc::new),
        arrival: Default::default(),
    })
}

/// A certificate as the listener would have verified it: vouched for by the authority that it names as its issuer.
fn certificate_of(resident: &Resident, text: &str) -> Result<ClientCertificate, Problem> {
    if let Ok(fingerprint) = text.trim().parse() {
        return Ok(ClientCertificate::from_fingerprint(fingerprint));
    }
    let certificate = ClientCertificate::from_pem(text);
    let certificate = certificate.map_err(|fault| invalid("/certificate", fault.to_string()))?;
    Ok(match resident.authority_named(certificate.issuer()) {
        Some(authority) => certificate.with_authority(authority.fingerprint),
        None => certificate,
    })
}
