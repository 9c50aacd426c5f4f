//! What a server's refusal means, and what to do about it.

use vouchmq_mqtt::{Properties, ReasonCode};

use crate::exit::Failure;

/// The reason, the server's own words, and a hint.
pub(crate) fn explained(reason: ReasonCode, properties: Properties<'_>) -> String {
    let mut text = reason.to_string();
    if let Some(words) = properties.reason_string() {
        text.push_str(": ");
        text.push_str(words);
    }
    if let Some(server) = properties.server_reference() {
        text.push_str("; it names another server: ");
        text.push_str(server);
    }
    text.push_str(hint(reason));
    text
}

/// The server has sent DISCONNECT.
pub(crate) fn ended(reason: ReasonCode, properties: Properties<'_>) -> Failure {
    let why = format!("the server ended the connection: {}", explained(reason, properties));
    failure(reason, why)
}

/// Lost when another attempt may succeed, failed when it would end in the same way.
pub(crate) fn failure(reason: ReasonCode, why: String) -> Failure {
    match reason {
        ReasonCode::SERVER_UNAVAILABLE
        | ReasonCode::SERVER_BUSY
        | ReasonCode::SERVER_SHUTTING_DOWN
        | ReasonCode::KEEP_ALIVE_TIMEOUT
        | ReasonCode::QUOTA_EXCEEDED
        | ReasonCode::CONNECTION_RATE_EXCEEDED
        | ReasonCode::MAXIMUM_CONNECT_TIME => Failure::Lost(why),
        _ => Failure::Failed(why),
    }
}

fn hint(reason: ReasonCode) -> &'static str {
    match reason {
        ReasonCode::BAD_USER_NAME_OR_PASSWORD => "; check -u and -P",
        ReasonCode::NOT_AUTHORIZED => {
            "; does the server want a user name (-u, -P), or allow this client less?"
        }
        ReasonCode::UNSUPPORTED_PROTOCOL_VERSION => "; try another version with -V",
        ReasonCode::CLIENT_IDENTIFIER_NOT_VALID => "; try another client id with -i",
        ReasonCode::SERVER_BUSY | ReasonCode::SERVER_UNAVAILABLE => "; try again later",
        _ => "",
    }
}
