//! What other brokers died of. Every class of hostile input that a broker without TLS, HTTP, bridges and
//! persistence can meet: the offender is answered or closed as the standard says, everybody else is served,
//! and sockets, sessions and memory return to where they were.
//!
//! A test is named for the rule that it states; its comment cites the row of the project's list of attacks and
//! the identifier under which the bug was reported. Rows whose tests stand elsewhere: 14 in `keep_alive` and
//! `admission`, 30 in `verification`, 5 and the descriptors in `process`. A row has no test here when the
//! broker has nothing that it could hit:
//!
//! | Row | Class | Why not |
//! |---|---|---|
//! | 3 | a reload that fails leaves the door open | nothing is reloaded yet |
//! | 6, 26 | files of persistence | there are none yet |
//! | 8 | a retained message outlives its writer's right | rights are checked at the receiver; its writer's are not asked again |
//! | 10 | a broken line of the password file | `vouchmq-identity` refuses the file, which its tests show |
//! | 11 | a listener without its rules | one authenticator judges all listeners |
//! | 24, 46, 61 | hostile brokers | there is no bridge; the client's decoder is the server's, and fuzzed with it |
//! | 38 | WebSocket frames | there is no WebSocket yet |
//! | 49 | settings that divide by zero | nothing is spread over time |

mod flood;
mod malformed;
mod ordered;
mod race;
mod rights;
mod sequence;
mod strangers;

use vouchmq_mqtt::ProtocolVersion::{V5, V311};

use crate::harness::*;

/// Two honest clients on different shards, who notice when the broker serves somebody badly.
struct Witness {
    subscriber: Client,
    publisher: Client,
    count: usize,
}

impl Witness {
    fn new(server: &Server) -> Self {
        let mut subscriber = server.connect(V5, &server.name_at(0, "witness"));
        subscriber.subscribe("witness/#", ExactlyOnce);
        let publisher = server.connect(V311, &server.name_at(1, "witness"));
        Self { subscriber, publisher, count: 0 }
    }

    /// A message of each QoS arrives, in order and nothing else.
    fn is_served(&mut self) {
        for qos in [AtMostOnce, AtLeastOnce, ExactlyOnce] {
            self.count += 1;
            let payload = self.count.to_string();
            self.publisher.publishes(qos, "witness/x", &payload);
            self.subscriber.receives(qos, "witness/x", &payload);
        }
    }

    /// The witness is served, and all that is left in the broker is the witness.
    fn is_alone(&mut self, server: &Server) {
        self.is_served();
        until("what the offender held is given back", || {
            let stats = server.stats();
            let held = (stats.connections, stats.engines.clients, stats.engines.sessions);
            held == (2, 2, 2) && stats.engines.subscriptions == 1
        });
    }
}
