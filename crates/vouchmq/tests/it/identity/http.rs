//! A client of the HTTP listeners that waits for each answer.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use vouchmq_client::{Method, Rest, RestFault};

/// One HTTP listener, with or without a token.
#[derive(Debug)]
pub(crate) struct Http {
    runtime: Runtime,
    rest: Rest,
}

/// What a refusal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
}

impl Http {
    pub(crate) fn new(address: &str, token: Option<&str>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { runtime, rest: Rest::new(address, token).unwrap() }
    }

    /// Asks; it must be answered.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        self.call(Method::GET, path, None).unwrap_or_else(|refused| panic!("GET {path}: {refused:?}"))
    }

    /// Does something; it must be done.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.try_post(path, body).unwrap_or_else(|refused| panic!("POST {path}: {refused:?}"))
    }

    /// Does something that may be refused.
    pub(crate) fn try_post(&self, path: &str, body: &Value) -> Result<Value, Refused> {
        self.call(Method::POST, path, Some(body))
    }

    /// Does something to a resource, and waits until it is applied everywhere.
    #[track_caller]
    pub(crate) fn act(&self, path: &str) -> Value {
        let done = self.post(&format!("{path}?wait=applied&timeout=10s"), &json!({}));
        assert_eq!(done["nodes"]["acked"], done["nodes"]["total"], "{path}: {done}");
        done
    }

    /// Calls the listener. A failure without a problem is status 0.
    pub(crate) fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Refused> {
        match self.runtime.block_on(self.rest.call(method, path, body)) {
            Ok(answer) => Ok(answer),
            Err(RestFault::Problem(problem)) => Err(Refused { status: problem.status, code: problem.code }),
            Err(other) => Err(Refused { status: 0, code: other.to_string() }),
        }
    }
}
