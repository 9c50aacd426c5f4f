use super::*;

fn denied(subject: &str, device: Option<&str>) -> NewEvent {
    NewEvent::new(EventKind::LoginDenied, subject, None, "wrong_password")
        .about(device.map(|id| id.parse().unwrap()))
}

#[test]
fn the_newest_events_are_kept_and_each_has_its_number() {
    let events = Events::default();
    for number in 0..EVENTS_MAX as u64 + 10 {
        events.record(UnixMillis::new(number), denied("d", None));
    }
    let first = events.after(0, 1);
    assert_eq!(first[0].sequence, 11);
    assert_eq!(events.after(EVENTS_MAX as u64 + 8, 10).len(), 2);
    assert_eq!(events.counts(), [(EventKind::LoginDenied, "wrong_password", EVENTS_MAX as u64 + 10)]);
}

#[test]
fn the_last_failure_of_a_device_is_its_newest() {
    let events = Events::default();
    for at in [1, 2] {
        events.record(UnixMillis::new(at), denied("d1", Some("d1")));
    }
    events.record(UnixMillis::new(3), denied("nobody", None));
    assert_eq!(events.last_failure("d1").unwrap().at, UnixMillis::new(2));
    assert_eq!(events.last_failure("nobody"), None);
}

#[test]
fn failures_of_ever_more_devices_take_bounded_room() {
    let events = Events::default();
    for number in 0..=FAILURES_MAX {
        events.record(UnixMillis::new(1), denied("d", Some(&format!("d{number}"))));
    }
    let kept = events.kept();
    assert_eq!((kept.failures.len(), kept.order.len()), (FAILURES_MAX, FAILURES_MAX));
    assert!(!kept.failures.contains_key("d0"));
}

#[test]
fn a_long_name_is_cut_between_characters() {
    assert_eq!(denied(&"é".repeat(100), None).subject.len(), 128);
    assert_eq!(denied(&format!("x{}", "é".repeat(100)), None).subject.len(), 127);
}
