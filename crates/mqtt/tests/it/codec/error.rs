//! What an error says, and to whom.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::codec::PacketType;

use super::from_client;

#[test]
fn an_error_says_who_is_at_fault_and_what_is_wrong() {
    let table: [(ProtocolVersion, &[u8], &str); 8] = [
        (V5, b"\x81\x00", "the peer sent a malformed packet: the fixed header of SUBSCRIBE has wrong flags"),
        (V311, b"\x30\x03\x00\x05a", "the peer sent a malformed packet: it ends inside Topic Name"),
        (V311, b"\x30\x04\x00\x02\xFFa", "the peer sent a malformed packet: Topic Name is not UTF-8"),
        (V5, b"\x30\x05\x00\x01t\x01\x7F", "the peer sent a malformed packet: there is no property 0x7F"),
        (V311, b"\x30\x03\x00\x01#", "the peer broke the protocol: Topic Name holds a wildcard"),
        (
            V5,
            b"\x40\x03\x00\x01\x93",
            "the peer broke the protocol: PUBACK cannot say: Receive Maximum exceeded (0x93)",
        ),
        (V5, b"\x20\x00", "the peer broke the protocol: only servers send CONNACK"),
        (V5, b"\x10\x07\x00\x04MQTT\x07", "the client speaks another protocol: its protocol level is 7"),
    ];
    for (version, bytes, text) in table {
        assert_eq!(from_client(bytes, version).expect_err("refused").to_string(), text);
    }
}

/// MQTT 5.0 §4.13: an error can be told, in a CONNACK before and in a DISCONNECT after the handshake.
#[test]
fn an_errors_code_is_one_that_its_answer_may_carry() {
    let after: [&[u8]; 6] = [
        b"\x30\x03\x00\x01#",                 // 0x90
        b"\x30\x07\x00\x01t\x03\x23\x00\x00", // 0x94
        b"\xC0\x01!",                         // 0x81
        b"\x82\x03\x00\x01\x00",              // 0x82
        b"\x40\x02\x00\x00",                  // 0x82
        b"\x20\x00",                          // 0x82
    ];
    for bytes in after {
        let reason = from_client(bytes, V5).expect_err("refused").reason();
        assert!(reason.is_error() && reason.is_allowed_in(PacketType::Disconnect), "{reason}");
    }
    let before: [&[u8]; 4] = [
        b"\x10\x07\x00\x04MQTT\x07",                                              // 0x84
        b"\x10\x07\x00\x04MQTX\x05",                                              // 0x84
        b"\x10\x0D\x00\x04MQTT\x05\x03\x00\x00\x00\x00\x00",                      // 0x81
        b"\x10\x13\x00\x04MQTT\x05\x06\x00\x00\x00\x00\x00\x00\x00\x01#\x00\x00", // 0x90
    ];
    for bytes in before {
        let reason = from_client(bytes, V5).expect_err("refused").reason();
        assert!(reason.is_error() && reason.is_allowed_in(PacketType::ConnAck), "{reason}");
    }
}
