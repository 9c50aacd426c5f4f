//! Keep alive, and deadlines for the server's answers.

use std::time::Duration;

use super::{ClientConnection, ServerFault, State};
use crate::codec::PacketType;
use crate::time::Timestamp;

impl ClientConnection {
    /// When [`handle_timeout`](Self::handle_timeout) is to be called at the latest; `None` while there is
    /// nothing to wait for.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let answer_at = self.awaiting_since.map(|since| since.after(self.options.answer_timeout));
        match self.state {
            State::Closed => None,
            State::ExpectConnAck => answer_at,
            State::Established => answer_at.or_else(|| self.ping_at()),
        }
    }

    /// Sends a PINGREQ when nothing else was sent for the Keep Alive (`MQTT5-3.1.2-20`). To be called at
    /// any time.
    ///
    /// # Errors
    /// [`ServerFault::NoAnswer`]: CONNACK or PINGRESP did not come in time; close the connection.
    pub fn handle_timeout(&mut self, now: Timestamp, out: &mut Vec<u8>) -> Result<(), ServerFault> {
        if self.poll_timeout().is_none_or(|at| now < at) {
            return Ok(());
        }
        match self.state {
            State::Closed => Ok(()),
            State::ExpectConnAck => self.no_answer(PacketType::ConnAck),
            State::Established if self.awaiting_since.is_some() => self.no_answer(PacketType::PingResp),
            State::Established => {
                // Two bytes are never too large.
                let _ = self.ping(now, out);
                Ok(())
            }
        }
    }

    fn ping_at(&self) -> Option<Timestamp> {
        let keep_alive = Duration::from_secs(u64::from(self.keep_alive_secs));
        (!keep_alive.is_zero()).then(|| self.last_sent.after(keep_alive))
    }

    fn no_answer(&mut self, packet: PacketType) -> Result<(), ServerFault> {
        self.state = State::Closed;
        Err(ServerFault::NoAnswer(packet))
    }
}
