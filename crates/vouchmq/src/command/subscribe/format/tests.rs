use vouchmq_mqtt::{PacketId, PropertiesBuf, Property, QoS};

use super::*;

fn formatted(format: &str) -> String {
    formatted_payload(format, br#"{"x": 1}"#).unwrap()
}

fn formatted_payload(format: &str, payload: &[u8]) -> Result<String, String> {
    let mut properties = PropertiesBuf::new();
    properties.extend([
        Property::UserProperty("k", "v"),
        Property::UserProperty("k", "w"),
        Property::ContentType("text"),
        Property::MessageExpiryInterval(60),
        Property::SubscriptionIdentifier(7),
        Property::PayloadFormatIndicator(true),
    ]);
    let publish = Publish {
        dup: false,
        retain: true,
        qos: QoS::AtLeastOnce,
        topic: "a/ü",
        packet_id: PacketId::new(5),
        properties: properties.as_properties(),
        payload,
    };
    let mut out = Vec::new();
    let format = Format::parse(format, false)?;
    format.write(&publish, &Utc::new(1_470_818_943, 786_368_637), &mut out)?;
    Ok(String::from_utf8(out).expect("text"))
}

#[test]
fn every_field_has_its_letter() {
    for (format, expected) in [
        ("%t %p %q %r %l %m %i", r#"a/ü {"x": 1} 1 1 8 5 5"#),
        ("%x %X", "7b2278223a20317d 7B2278223A20317D"),
        ("%I %U", "2016-08-10T08:49:03+0000 1470818943.786368637"),
        ("[%A][%C][%D][%E][%F][%P][%R][%S]", "[][text][][60][1][k:v k:w][][7]"),
        ("%%@@", "%@"),
        ("\\\\\\0\\a\\e\\n\\r\\t\\v", "\\\0\u{7}\u{1b}\n\r\t\u{b}"),
    ] {
        assert_eq!(formatted(format), expected, "{format}");
    }
}

#[test]
fn fields_have_widths() {
    for (format, expected) in [
        ("[%6t]", "[   a/ü]"),
        ("[%-6t]", "[a/ü   ]"),
        ("[%.2t]", "[a/]"),
        ("[%4.1t]", "[   a]"),
        ("[%05l]", "[00008]"),
        ("[%-05l]", "[8    ]"),
        ("[%05t]", "[  a/ü]"),
    ] {
        assert_eq!(formatted(format), expected, "{format}");
    }
}

#[test]
fn dates_are_taken_apart() {
    assert_eq!(
        formatted("@Y-@m-@d @H:@M:@S.@N @a @j @s @z"),
        "2016-08-10 08:49:03.786368637 Wed 223 1470818943 +0000"
    );
    assert_eq!(
        formatted("@F @T @I @p @A @B @b @u @w @y @C @e @D @R @Z"),
        "2016-08-10 08:49:03 08 AM Wednesday August Aug 3 3 16 20 10 08/10/16 08:49 UTC"
    );
}

#[test]
fn json_has_the_keys_of_mosquitto_sub() {
    let properties = r#""properties":{"content-type":"text","message-expiry-interval":60,"payload-format-indicator":1,"subscription-identifier":[7],"user-properties":{"k":["v","w"]}}"#;
    let start = r#"{"tst":"2016-08-10T08:49:03.786368+0000","topic":"a/ü","qos":1,"retain":1,"payloadlen":8,"mid":5,"#;
    assert_eq!(formatted("%j"), format!(r#"{start}{properties},"payload":"{{\"x\": 1}}"}}"#));
    assert_eq!(formatted("%J"), format!(r#"{start}{properties},"payload":{{"x":1}}}}"#));
    assert!(formatted_payload("%J", b"{x}").unwrap_err().starts_with("its payload is no JSON"));
    assert!(formatted_payload("%j", b"").unwrap().ends_with(r#""payload":null}"#));
}

#[test]
fn mistakes_are_explained() {
    for (format, told) in [
        ("%z", "there is no %z"),
        ("a%", "behind the last %"),
        ("@", "behind the last @"),
        ("@E", "there is no @E"),
        ("\\q", "there is no \\q"),
        ("\\", "behind the last \\"),
    ] {
        let error = formatted_payload(format, b"").unwrap_err();
        assert!(error.contains(told), "{format}: {error}");
    }
}
