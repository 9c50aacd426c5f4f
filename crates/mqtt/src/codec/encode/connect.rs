use super::put_properties;
use crate::Dialect;
use crate::codec::{put_binary, put_string, put_u16};
use crate::packet::{Connect, WillMessage};

/// The body of CONNECT (MQTT 5.0 §3.1); the dialect decides over `connect.version`.
pub(super) fn put_connect(out: &mut Vec<u8>, connect: &Connect<'_>, dialect: Dialect) -> Option<()> {
    let (name, level) = dialect.name_and_level();
    put_string(out, name).then_some(())?;
    out.push(level);
    out.push(flags(connect));
    put_u16(out, connect.keep_alive_secs);
    put_properties(out, &connect.properties, dialect)?;
    put_string(out, connect.client_id).then_some(())?;
    if let Some(WillMessage { properties, topic, payload, qos: _, retain: _ }) = &connect.will {
        put_properties(out, properties, dialect)?;
        put_string(out, topic).then_some(())?;
        put_binary(out, payload).then_some(())?;
    }
    if let Some(username) = connect.username {
        put_string(out, username).then_some(())?;
    }
    if let Some(password) = connect.password {
        put_binary(out, password).then_some(())?;
    }
    Some(())
}

/// The Connect Flags byte (MQTT 5.0 §3.1.2.3).
fn flags(connect: &Connect<'_>) -> u8 {
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    let will = connect.will.as_ref().map_or(0, |will| 0x04 | will.qos.bits() << 3 | bit(will.retain, 0x20));
    bit(connect.clean_start, 0x02)
        | will
        | bit(connect.password.is_some(), 0x40)
        | bit(connect.username.is_some(), 0x80)
}
