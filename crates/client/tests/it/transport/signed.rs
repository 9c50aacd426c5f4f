//! Requests that are signed, and answers that have to be (RFC 9421).

use std::collections::HashSet;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response};
use parking_lot::Mutex;
use vouchmq_client::transport::{Lost, Repeats, Signing};
use vouchmq_identity::Clock;
use vouchmq_identity::signature::{Claim, RequestParts, SignatureFault, SigningKey, sign_response};

use crate::harness::{Site, Still, later, options, question, servers};

fn key() -> SigningKey {
    SigningKey::new("broker-1", &[7; 32]).unwrap()
}

/// What a server does with answers that it has signed.
type Tamper = fn(&mut Response<Full<Bytes>>);

/// Verifies requests, and signs its answers.
async fn verifying(nonces: Arc<Mutex<HashSet<String>>>, tamper: Tamper) -> Site {
    Site::http(move |request: Request<Incoming>| {
        let nonces = Arc::clone(&nonces);
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let field = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap());
            let claim = Claim::parse(field("signature-input"), field("signature")).unwrap();
            let parts = RequestParts {
                method: head.method.as_str(),
                authority: field("host").unwrap(),
                path: head.uri.path(),
                query: head.uri.query(),
                content_type: field("content-type"),
                content_digest: field("content-digest"),
                body: &body,
            };
            claim.verify(&key(), &parts, Still.now()).unwrap();
            assert!(nonces.lock().insert(claim.nonce().to_owned()), "a nonce was used twice");
            let mut answer = Response::new(Full::new(Bytes::from("yes")));
            let fields = sign_response(&key(), 200, b"yes", field("signature").unwrap(), Still.now());
            for (name, value) in fields {
                let value = HeaderValue::from_str(&value).unwrap();
                answer.headers_mut().insert(HeaderName::from_static(name), value);
            }
            tamper(&mut answer);
            answer
        }
    })
    .await
}

async fn ask(tamper: Tamper, checks_answers: bool) -> Result<Bytes, Lost> {
    let site = verifying(Arc::default(), tamper).await;
    let mut options = options();
    options.signing = Some(Signing { key: key(), checks_answers });
    let servers = servers(&[&site], options);
    servers.ask(&question(1, "who?"), Repeats::OnAnotherServer, later()).await.map(|answer| answer.body)
}

#[tokio::test]
async fn each_request_is_signed_with_a_nonce_of_its_own() {
    let nonces = Arc::default();
    let site = verifying(Arc::clone(&nonces), |_| ()).await;
    let mut options = options();
    options.signing = Some(Signing { key: key(), checks_answers: true });
    let servers = servers(&[&site], options);
    for body in ["one", "", "two"] {
        let mut question = question(1, body);
        question.headers.insert("content-type", HeaderValue::from_static("application/json"));
        assert_eq!(servers.ask(&question, Repeats::Never, later()).await.unwrap().body, "yes");
    }
    assert_eq!(nonces.lock().len(), 3);
    assert!(nonces.lock().iter().all(|nonce| nonce.len() == 22));
}

#[tokio::test]
async fn an_answer_that_is_not_signed_rightly_is_lost() {
    let denied: Tamper = |answer| *answer.body_mut() = Full::new(Bytes::from("no!"));
    let other_status: Tamper = |answer| *answer.status_mut() = hyper::StatusCode::NO_CONTENT;
    let unsigned: Tamper = |answer| answer.headers_mut().clear();
    let twice: Tamper = |answer| {
        let signature = answer.headers()["signature"].clone();
        answer.headers_mut().append("signature", signature);
    };
    for (tamper, expected) in [
        (denied, SignatureFault::Digest),
        (other_status, SignatureFault::Digest),
        (unsigned, SignatureFault::Missing("signature-input")),
        (twice, SignatureFault::Missing("signature")),
    ] {
        let came = ask(tamper, true).await;
        let Err(Lost::NotSigned { fault, .. }) = came else { panic!("{came:?}") };
        assert_eq!(fault, expected);
    }
    assert_eq!(ask(|_| (), true).await.unwrap(), "yes");
    assert_eq!(ask(unsigned, false).await.unwrap(), "yes");
}
