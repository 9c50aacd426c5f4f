//! Bodies of any length, never held as a whole.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::poll_fn;
use http_body_util::{BodyExt, Limited, StreamBody};
use hyper::Method;
use hyper::body::{Bytes, Frame, Incoming};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::{PATIENCE, Rest, RestFault, read, strange};
use crate::wire::innermost;

/// An answer that is read part by part.
#[derive(Debug)]
pub struct Download {
    rest: Rest,
    body: Incoming,
}

/// How long nothing may move before the server is given up: it works on what it has, as on passwords.
const STANDSTILL: Duration = Duration::from_mins(10);
/// A problem is shorter.
const PROBLEM_MAX: usize = 1024 * 1024;

impl Rest {
    /// Posts a body as `parts` come. An error among them breaks the request off, and the server knows that something
    /// is missing.
    ///
    /// # Errors
    /// [`RestFault`]; [`RestFault::Lost`] too when nothing moves for ten minutes.
    pub async fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        mut parts: Receiver<io::Result<Vec<u8>>>,
    ) -> Result<T, RestFault> {
        // Something went out since somebody looked.
        let is_moving = Arc::new(AtomicBool::new(true));
        let moves = is_moving.clone();
        let body = StreamBody::new(poll_fn(move |cx| {
            moves.store(true, Ordering::Relaxed);
            parts.poll_recv(cx).map(|part| Some(part?.map(|bytes| Frame::data(Bytes::from(bytes)))))
        }));
        let request =
            self.request(Method::POST, path).body(body.boxed_unsync()).map_err(|error| strange(0, &error))?;
        let mut exchange = std::pin::pin!(self.exchange(request));
        let (status, answer) = loop {
            match timeout(STANDSTILL, &mut exchange).await {
                Ok(answered) => break answered?,
                Err(_) if is_moving.swap(false, Ordering::Relaxed) => {}
                Err(_) => return Err(self.lost("nothing moves for ten minutes")),
            }
        };
        read(status, &answer)
    }

    /// Asks for something long.
    ///
    /// # Errors
    /// [`RestFault`].
    pub async fn download(&self, path: &str) -> Result<Download, RestFault> {
        let request = self.request(Method::GET, path).body(super::Body::default());
        let request = request.map_err(|error| strange(0, &error))?;
        let answer = timeout(PATIENCE, self.client.request(request)).await;
        let answer = answer.map_err(|_| self.lost("it takes longer than 30 s"))?;
        let answer = answer.map_err(|error| self.lost(&innermost(&error)))?;
        let status = answer.status().as_u16();
        if status == 200 {
            return Ok(Download { rest: self.clone(), body: answer.into_body() });
        }
        let problem = timeout(PATIENCE, Limited::new(answer.into_body(), PROBLEM_MAX).collect()).await;
        let problem = problem.map_err(|_| self.lost("it takes longer than 30 s"))?;
        let problem = problem.map_err(|error| self.lost(&error.to_string()))?.to_bytes();
        read::<serde_json::Value>(status, &problem)?;
        Err(strange(status, &"something else than what was asked for"))
    }
}

impl Download {
    /// The next part; `None` at the end.
    ///
    /// # Errors
    /// [`RestFault::Lost`]: it broke off, or nothing came for 30 s.
    pub async fn next(&mut self) -> Result<Option<Bytes>, RestFault> {
        loop {
            let frame = timeout(PATIENCE, self.body.frame()).await;
            let frame = frame.map_err(|_| self.rest.lost("nothing came for 30 s"))?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| self.rest.lost(&innermost(&error)))?;
            if let Ok(part) = frame.into_data() {
                return Ok(Some(part));
            }
        }
    }
}
