use std::sync::atomic::{AtomicBool, Ordering};

use super::api::{Observed, value_in};

const RECEIVED: &str = "vouchmq_publish_received_total";

/// What was sent is what is told, also to who asks meanwhile.
#[test]
fn figures_are_what_clients_have_done() {
    let observed = Observed::start(&[]);
    let subscriber = observed.server.subscribe(&["-t", "t/#", "-q", "1", "-C", "60"]);
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (api, is_done) = (observed.api.clone(), &is_done);
        let scraping = scope.spawn(move || {
            let (mut last, mut count) = (0.0, 0);
            while !is_done.load(Ordering::Relaxed) {
                let received = api.figure(RECEIVED);
                assert!(received >= last, "it only grows");
                (last, count) = (received, count + 1);
            }
            count
        });
        for number in 0..20 {
            let topic = format!("t/{number}");
            for qos in ["0", "1", "2"] {
                observed.server.publish(&["-t", &topic, "-m", "x", "-q", qos]);
            }
        }
        is_done.store(true, Ordering::Relaxed);
        assert!(scraping.join().is_ok_and(|count| count > 0));
    });
    subscriber.finish().code(0);
    let text = observed.api.get("/metrics");
    for (series, expected) in [
        (RECEIVED, 60.0),
        ("vouchmq_publish_sent_total", 60.0),
        ("vouchmq_connects_total", 61.0),
        ("vouchmq_verdicts_total{outcome=\"allowed\"}", 61.0),
        ("vouchmq_verdict_duration_seconds_count", 61.0),
        ("vouchmq_verdict_duration_seconds_bucket{le=\"+Inf\"}", 61.0),
        ("nanomq_messages_received", 60.0),
        ("nanomq_messages_sent", 60.0),
        ("vouchmq_dropped_total{reason=\"lagging\"}", 0.0),
    ] {
        assert_eq!(value_in(&text, series), expected, "{series}");
    }
    assert!(value_in(&text, "process_resident_memory_bytes") > 1e6);
    let route = "vouchmq_http_requests_total{listener=\"management\",method=\"GET\",route=\"/metrics\",status=\"2xx\"}";
    assert!(value_in(&text, route) >= 1.0);
    assert_eq!(text.matches("# TYPE nanomq_").count(), 15);
}

/// However much is asked for, there are no more series.
#[test]
fn what_clients_write_is_never_a_label() {
    let observed = Observed::start(&[]);
    let before = observed.api.get("/metrics").lines().count();
    for number in 0..20 {
        assert_eq!(observed.api.status("GET", &format!("/v1/devices/canary-{number}")), 404);
        assert_eq!(observed.api.status("GET", &format!("/canary-{number}")), 404);
        observed.server.publish(&[
            "-t",
            &format!("canary/{number}"),
            "-i",
            &format!("canary-{number}"),
            "-m",
            "x",
        ]);
    }
    let text = observed.api.get("/metrics");
    assert!(!text.contains("canary"), "{text}");
    let after = observed.api.get("/metrics").lines().count();
    // Three routes more: 20 lines each.
    assert!(after < before + 80, "{before} lines, then {after}");
}
