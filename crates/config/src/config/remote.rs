//! What a service that is asked about clients means for who gets in.

use vouchmq_client::remote::options::{AnswerMode, Protocol, RemoteOptions};

use crate::url::masked;

/// Whether it decides about everybody who gets that far: it cannot say that somebody is not its own.
pub(crate) fn knows_everybody(remote: &RemoteOptions) -> bool {
    match &remote.protocol {
        Protocol::Templates { mode: AnswerMode::Status | AnswerMode::JsonResult(_), login, .. } => {
            login.is_some()
        }
        Protocol::Templates { mode: AnswerMode::Json, .. } | Protocol::Native(_) => false,
    }
}

/// Where it is, as it is shown; `None`: nobody is asked about who connects.
pub(crate) fn shown(remote: &RemoteOptions) -> Option<String> {
    let urls = match &remote.protocol {
        Protocol::Templates { login, .. } => &login.as_ref()?.urls,
        Protocol::Native(native) => &native.servers,
    };
    let more = match urls.len() {
        0 | 1 => String::new(),
        count => format!(" and {} more", count - 1),
    };
    Some(format!("{}{more}", masked(urls.first()?)))
}
