use std::time::Duration;

/// What one listener gives to its clients at most.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// Connections at a time. For one more, that which has asked nothing for the longest time is closed; while all are
    /// being answered, the new one.
    pub connections_max: usize,
    /// Requests of principals that are worked on at a time, half of them of one principal and the last two of
    /// administrators only; more wait, each on its connection, for as long as a request may take. Who is refused takes
    /// no place, and who has not sent an ordinary body either: up to 64 KiB of it are read before.
    pub requests_max: usize,
    /// Connections of one address at a time; more are closed at once. Loopback and trusted proxies are exempt, IPv6
    /// counts by /64.
    pub connections_per_address_max: usize,
    /// From the first byte of a request to the end of its head; then the connection is closed.
    pub head_timeout: Duration,
    /// From the head of a request to the end of its body; then 408 and the connection is closed.
    pub body_timeout: Duration,
    /// From the head of a request to the end of its answer, event streams apart; then 503, or the connection
    /// is closed if the answer had begun.
    pub request_timeout: Duration,
    /// Between an answer and the next request; then the connection is closed.
    pub idle_timeout: Duration,
    /// How long a client may take nothing of an answer that is there; then the connection is closed.
    pub stall_timeout: Duration,
    /// The whole of an answer that is written as it is made, as a list or an export; then the connection is closed.
    pub long_answer_timeout: Duration,
    /// How long requests may go on after a drain has begun.
    pub drain_timeout: Duration,
    /// Bytes of a request's head; more is 431. At least 8 KiB.
    pub head_bytes_max: usize,
    /// Header fields of a request; more is 431.
    pub headers_max: usize,
    /// Bytes of a request's body, whatever its route allows; more is 413.
    pub body_bytes_max: usize,
    /// How long accepting pauses when the process has no descriptor left.
    pub accept_pause: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            connections_max: 1024,
            requests_max: usize::MAX,
            connections_per_address_max: 256,
            head_timeout: secs(10),
            body_timeout: secs(10),
            request_timeout: secs(30),
            idle_timeout: secs(75),
            stall_timeout: secs(30),
            long_answer_timeout: secs(600),
            drain_timeout: secs(10),
            head_bytes_max: 16 * 1024,
            headers_max: 64,
            body_bytes_max: 1024 * 1024,
            accept_pause: Duration::from_millis(250),
        }
    }
}
