use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Deserialize;
use vouchmq_identity::store::LogId;

use crate::http::{Code, Problem, QueryOf};

/// A place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) log: LogId,
    /// The last change that is known.
    pub(super) sequence: u64,
}

/// Where a consumer wants to begin: behind what it knows, or, if it says nothing, with what comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Start {
    log: Option<LogId>,
    after: Option<u64>,
}

/// Where to begin. `Last-Event-ID`, the `id` of the last event that was received, goes before it.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Changes behind the one with this number; only new ones if it is missing.
    after: Option<u64>,
    /// The log that the number is of, as a heartbeat says it; with another one everything is to be forgotten.
    log: Option<String>,
}

const LAST_EVENT_ID: &str = "last-event-id";

impl Start {
    /// Where that is in a log that ends at `head`, of which everything up to `applied` is told; and whether the
    /// consumer has to forget everything it knows.
    pub(super) fn on(self, head: Position, applied: u64) -> (Position, bool) {
        let is_other = self.log.is_some_and(|log| log != head.log);
        let sequence = self.after.unwrap_or(applied);
        if is_other || sequence > head.sequence.max(applied) {
            return (Position { sequence: applied, ..head }, true);
        }
        (Position { sequence, ..head }, false)
    }
}

impl FromStr for Start {
    type Err = ();

    /// An `id` of ours, or a number alone.
    fn from_str(text: &str) -> Result<Self, ()> {
        let (log, after) = match text.split_once(':') {
            Some((log, after)) => (Some(log.parse().map_err(drop)?), after),
            None => (None, text),
        };
        Ok(Self { log, after: Some(after.parse().map_err(drop)?) })
    }
}

impl<S: Sync> FromRequestParts<S> for Start {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let QueryOf(wanted) = QueryOf::<Wanted>::from_request_parts(parts, state).await?;
        if let Some(id) = parts.headers.get(LAST_EVENT_ID) {
            let start = id.to_str().ok().and_then(|id| id.parse().ok());
            let detail = "Last-Event-ID is not the id of an event that was sent from here";
            return start.ok_or_else(|| Problem::new(Code::BadHeader, detail));
        }
        let log = wanted.log.as_deref().map(str::parse).transpose();
        let log = log.map_err(|_| Problem::new(Code::Invalid, "?log: write what a heartbeat says"))?;
        Ok(Self { log, after: wanted.after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(digit: char) -> LogId {
        String::from(digit).repeat(32).parse().unwrap()
    }

    #[test]
    fn a_consumer_goes_on_where_it_was_unless_that_is_ahead_or_elsewhere() {
        let head = Position { log: log('a'), sequence: 9 };
        let at = |log, after| Start { log, after }.on(head, 7);
        let stands = |sequence| Position { sequence, ..head };
        assert_eq!(at(None, None), (stands(7), false));
        assert_eq!(at(None, Some(0)), (stands(0), false));
        assert_eq!(at(Some(log('a')), Some(7)), (stands(7), false));
        // Told by another process that was faster.
        assert_eq!(at(None, Some(9)), (stands(9), false));
        assert_eq!(at(None, Some(10)), (stands(7), true));
        assert_eq!(at(Some(log('b')), Some(3)), (stands(7), true));
        assert_eq!(at(Some(log('b')), None), (stands(7), true));
    }

    #[test]
    fn an_id_is_a_log_and_a_number_or_a_number() {
        let id = format!("{}:5", log('a'));
        assert_eq!(id.parse(), Ok(Start { log: Some(log('a')), after: Some(5) }));
        assert_eq!("5".parse(), Ok(Start { log: None, after: Some(5) }));
        for bad in ["", ":", "x", "x:5", "-1", "5:", &format!("{}:", log('a'))] {
            assert_eq!(bad.parse::<Start>(), Err(()), "{bad:?}");
        }
    }
}
