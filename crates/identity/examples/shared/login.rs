use secrecy::SecretSlice;
use vouchmq_identity::{AuthRequest, Secret};

/// What a device says in its CONNECT.
pub(crate) fn login(id: &str, secret: &Secret) -> AuthRequest {
    AuthRequest {
        client_id: id.into(),
        username: Some(id.into()),
        password: Some(SecretSlice::from(secret.expose().as_bytes().to_vec())),
        peer: None,
        certificate: None,
        arrival: Default::default(),
    }
}
