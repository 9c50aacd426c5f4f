//! Failures of the API in one line: who is at fault, and what to do.

use vouchmq_client::RestFault;
use vouchmq_client::dto::problem::ProblemBody;

use crate::exit::Failure;

/// What is told when a request to `api` failed that was made with `token`.
pub(super) fn told(fault: RestFault, api: &str, token: &str) -> Failure {
    match fault {
        RestFault::Address(_) => Failure::unusable(format_args!("--api: {fault}")),
        RestFault::Token => Failure::unusable(format_args!("{token} has characters that cannot be sent")),
        RestFault::Lost { address, why } => Failure::lost(format_args!(
            "no answer from {address}: {why}; is 'vouchmq serve' running there, with its management listener \
             (--api-listen) on?"
        )),
        RestFault::Strange { status, why } => Failure::failed(format_args!(
            "{api} answers (status {status}), but not as this version of VouchMQ does: is it the management \
             listener? ({why})"
        )),
        RestFault::Problem(problem) => refused(&problem, api, token),
    }
}

/// What a listener says that serves something else: as that of registration.
const NO_SUCH_PATH: &str = "there is nothing at this path";

fn refused(problem: &ProblemBody, api: &str, token: &str) -> Failure {
    let ProblemBody { status, code, detail, title, request_id, .. } = problem;
    Failure::failed(match status {
        401 => format!(
            "{api} does not accept {token}; give the administrator's token or an API key that is in force: \
             VOUCHMQ_ADMIN_TOKEN, or --token-file FILE"
        ),
        403 => format!("{token} may not do this: {detail}"),
        404 if detail == NO_SUCH_PATH => format!(
            "{api} has nothing at this path: is it the management listener of a VouchMQ of this version? (--api)"
        ),
        409 if code == "product_has_devices" => {
            "refused: the product has devices: retire them first, or delete it with --cascade".to_owned()
        }
        429 => format!("refused: {detail}; try again later"),
        500.. => format!("{api} could not do it: {title}: {detail} (request {request_id})"),
        _ if problem.errors.is_empty() => format!("refused: {detail}"),
        _ => format!("refused: {}", fields(problem)),
    })
}

/// The fields that are wrong, as people name them.
fn fields(problem: &ProblemBody) -> String {
    let fields = problem.errors.iter().map(|field| {
        // Mistakes of a configuration stand in files.
        let is_file = problem.code == "config_invalid";
        let pointer = if is_file { &field.pointer } else { field.pointer.trim_start_matches('/') };
        if pointer.is_empty() { field.detail.clone() } else { format!("{pointer}: {}", field.detail) }
    });
    fields.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told_of(problem: serde_json::Value) -> Failure {
        let problem = serde_json::from_value(problem).unwrap();
        told(RestFault::Problem(problem), "http://x", "the token of VOUCHMQ_ADMIN_TOKEN")
    }

    #[test]
    fn who_is_refused_learns_for_which_token() {
        let problem =
            json!({"type": "", "title": "t", "status": 401, "code": "unauthenticated", "detail": "d"});
        let failure = told_of(problem);
        assert!(failure.says("http://x does not accept the token of VOUCHMQ_ADMIN_TOKEN; "), "{failure:?}");
        let problem = json!({"type": "", "title": "t", "status": 403, "code": "forbidden",
            "detail": "this needs the scope admin"});
        let failure = told_of(problem);
        assert!(
            failure.says("VOUCHMQ_ADMIN_TOKEN may not do this: this needs the scope admin"),
            "{failure:?}"
        );
    }

    #[test]
    fn a_field_is_named_once() {
        let failure = told_of(json!({"type": "", "title": "t", "status": 422, "code": "invalid",
            "detail": "/key: bad", "errors": [{"pointer": "/key", "code": "invalid", "detail": "bad"}]}));
        assert!(matches!(&failure, Failure::Failed(text) if text == "refused: key: bad"), "{failure:?}");
    }
}
