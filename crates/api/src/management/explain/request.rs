use base64ct::{Base64, Encoding};
use secrecy::SecretSlice;
use vouchmq_client::dto::verify::VerifyRequest;
use vouchmq_identity::AuthRequest;

use crate::http::Problem;
use crate::management::refusal::invalid;
use crate::management::text::read_some;

/// What is asked about, as the broker would be asked.
pub(super) fn read(asked: VerifyRequest) -> Result<AuthRequest, Problem> {
    let password = match (asked.password, asked.password_b64) {
        (Some(_), Some(_)) => return Err(invalid("/password", "send either password or password_b64")),
        (Some(text), None) => Some(text.into_bytes()),
        (None, Some(text)) => {
            let bytes = Base64::decode_vec(&text);
            Some(bytes.map_err(|_| invalid("/password_b64", "write base64 with padding"))?)
        }
        (None, None) => None,
    };
    Ok(AuthRequest {
        client_id: asked.clientid.into(),
        username: asked.username.map(Into::into),
        password: password.map(SecretSlice::from),
        peer: read_some("/peerhost", asked.peerhost.as_deref())?,
        certificate: None,
    })
}
