use super::*;
use crate::UnixMillis;
use crate::testing::Counting;

const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);

#[test]
fn words_read_as_they_are_written_and_nothing_else_does() {
    for strategy in Strategy::ALL {
        assert_eq!(strategy.to_string().parse(), Ok(*strategy));
    }
    let fault = "Auto\n".parse::<Strategy>().unwrap_err();
    assert_eq!(fault.to_string(), "Auto\\n is not known: write one of off, allow_list, quarantine, auto");
}

#[test]
fn generated_ids_sort_by_time_and_read_back() {
    let mut entropy = Counting::default();
    let mut last = String::new();
    for millis in 0..100 {
        let id = CredentialId::generate(UnixMillis::new(NOW.millis() + millis), &mut entropy).unwrap();
        let text = id.to_string();
        assert!(last < text, "{last} {text}");
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.as_bytes()[14], b'7', "version 7: {text}");
        assert!(text.parse::<DeviceId>().is_ok(), "a device may have it too");
        last = text;
    }
}

#[test]
fn an_id_has_one_text() {
    let id = "018bcfe5-6800-7000-8000-000000000001";
    assert!(id.parse::<ProductId>().is_ok());
    for other in ["018BCFE5-6800-7000-8000-000000000001", "018bcfe5680070008000000000000001", "", "{}"] {
        assert_eq!(other.parse::<ProductId>(), Err(IdFault::Uuid), "{other}");
    }
    assert_eq!(format!("{:?}", id.parse::<ProductId>().unwrap()), format!("ProductId({id})"));
}

#[test]
fn a_device_id_stands_in_a_topic_and_a_url_as_it_is() {
    for text in ["d", "0", "sensor-0001", "a.b_c:D", &"x".repeat(128)] {
        assert_eq!(text.parse::<DeviceId>().unwrap().as_str(), text);
    }
    let long = "x".repeat(129);
    for text in ["", "-a", ".a", "$a", "a/b", "a+", "#", "a b", "a\0", "ä", "a%2f", &long] {
        assert_eq!(text.parse::<DeviceId>(), Err(IdFault::Device), "{text:?}");
    }
}

#[test]
fn keys_and_names_have_bounds() {
    for text in ["a", "sensor-2_x", "0"] {
        assert!(text.parse::<Slug>().is_ok(), "{text}");
    }
    for text in ["", "A", "-a", "_a", "a b", "ä", &"x".repeat(65)] {
        assert_eq!(text.parse::<Slug>(), Err(TextFault::Slug), "{text:?}");
    }
    for text in ["Sensor, außen", "a"] {
        assert!(text.parse::<Name>().is_ok() && text.parse::<HardwareId>().is_ok(), "{text}");
    }
    for text in ["", "a\nb", "\u{7f}", &"x".repeat(257)] {
        assert_eq!(text.parse::<Name>(), Err(TextFault::Name), "{text:?}");
        assert_eq!(text.parse::<HardwareId>(), Err(TextFault::HardwareId), "{text:?}");
    }
}

#[test]
fn a_binding_admits_no_other_devices_client_id() {
    for (binding, client_id, admitted) in [
        (Binding::Exact, "d1", true),
        (Binding::Exact, "d1-a", false),
        (Binding::Exact, "D1", false),
        (Binding::Prefix, "d1", true),
        (Binding::Prefix, "d1~a", true),
        (Binding::Prefix, "d1-a", false),
        (Binding::Prefix, "d1/", true),
        (Binding::Prefix, "d10", false),
        (Binding::Prefix, "d", false),
        (Binding::Any, "d2", true),
    ] {
        assert_eq!(binding.admits("d1", client_id), admitted, "{binding} {client_id}");
    }
}

#[test]
fn a_new_product_lets_nobody_register() {
    let id = ProductId::generate(NOW, &mut Counting::default()).unwrap();
    let product = Product::new(id, "sensor".parse().unwrap(), "Sensor".parse().unwrap(), NOW);
    assert_eq!((product.strategy, product.binding), (Strategy::Off, Binding::Exact));
    let patterns: Vec<String> = product.acl.rules().iter().map(|rule| rule.pattern.to_string()).collect();
    assert_eq!(patterns, ["dev/${device}/#"]);
}

#[test]
fn devices_go_from_state_to_state_as_the_table_says() {
    use DeviceState::{Active, Registered, Retired, Suspended};
    use Transition::{Reset, Resume, Retire, Suspend};
    let table = [
        (Registered, [Some(Suspended), None, Some(Registered), Some(Retired)]),
        (Active, [Some(Suspended), Some(Active), Some(Registered), Some(Retired)]),
        (Suspended, [Some(Suspended), Some(Active), Some(Registered), Some(Retired)]),
        (Retired, [None, None, None, Some(Retired)]),
    ];
    for (from, outcomes) in table {
        for (transition, outcome) in [Suspend, Resume, Reset, Retire].into_iter().zip(outcomes) {
            assert_eq!(from.after(transition).ok(), outcome, "{from} {transition}");
        }
    }
    let refused = Retired.after(Resume).unwrap_err();
    assert_eq!(refused.to_string(), "a device that is retired cannot resume");
}

#[test]
fn a_credential_is_good_from_its_first_to_before_its_last_moment() {
    let at = |millis| UnixMillis::new(millis);
    let validity = Validity { not_before: Some(at(10)), not_after: Some(at(20)) };
    for (now, expected) in
        [(9, Err(Unusable::NotYet)), (10, Ok(())), (19, Ok(())), (20, Err(Unusable::Expired))]
    {
        assert_eq!(validity.holds(at(now)), expected, "{now}");
    }
    assert_eq!(Validity::default().holds(at(0)), Ok(()));
    assert_eq!(validity.until(at(30)), validity, "never longer");
    assert_eq!(validity.until(at(15)).not_after, Some(at(15)));
    assert_eq!(Validity::default().until(at(15)).not_after, Some(at(15)));
}

#[test]
fn a_device_may_connect_as_it_stands_until_its_end_while_its_product_may() {
    use crate::Denial::{DeviceExpired, ProductDisabled, Retired, Suspended};
    let (active, disabled) = (ProductState::Active, ProductState::Disabled);
    let (past, later) = (Some(NOW), Some(UnixMillis::new(NOW.millis() + 1)));
    for (state, end, product, expected) in [
        (DeviceState::Registered, None, active, Ok(())),
        (DeviceState::Active, later, active, Ok(())),
        (DeviceState::Active, past, active, Err(DeviceExpired)),
        (DeviceState::Active, past, disabled, Err(DeviceExpired)),
        (DeviceState::Registered, None, disabled, Err(ProductDisabled)),
        (DeviceState::Suspended, past, disabled, Err(Suspended)),
        (DeviceState::Retired, past, disabled, Err(Retired)),
    ] {
        assert_eq!(may_connect(state, end, product, NOW), expected, "{state} {end:?} {product}");
    }
}
