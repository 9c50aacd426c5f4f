use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use vouchmq_client::dto::authentication::{AskedService, ServerFigures, VerdictCount};
use vouchmq_identity::Histogram;
use vouchmq_identity::events::EventKind;

use super::*;

/// One of everything that is told.
fn example() -> (Metrics, Snapshot) {
    let metrics = Metrics::default();
    metrics.requests().of("management", "GET", "/v1/devices/{id}").count(200, Duration::from_millis(3));
    let counted = VerdictCount { decision: "deny".to_owned(), reason: "bad_password".to_owned(), count: 2 };
    let asked = AskedService {
        mode: "json".to_owned(),
        verdicts: vec![counted.clone()],
        permissions: vec![counted],
        servers: vec![ServerFigures {
            asks: "login".to_owned(),
            server: "http://a/\"b\\\n".to_owned(),
            breaker: "closed".to_owned(),
            ..ServerFigures::default()
        }],
        ..AskedService::default()
    };
    let registry = RegistryFigures {
        head: Some(7),
        events: vec![(EventKind::LoginDenied, "bad_password", 3)],
        ..RegistryFigures::default()
    };
    let mut broker = BrokerStats { connections: 5, ..BrokerStats::default() };
    let took = Histogram::default();
    took.observe(Duration::from_millis(2));
    took.observe(Duration::from_secs(60));
    broker.verdicts.took = took.snapshot();
    (metrics, Snapshot::new(Some(broker), registry, Some(asked)))
}

/// A family of series.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: String,
    labels: BTreeSet<String>,
}

/// Reads the text format, version 0.0.4, as strictly as it is written: every series belongs to the family above it.
fn read(text: &str) -> BTreeMap<String, Family> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
            families.entry(name.to_owned()).or_default().help = help.to_owned();
            current = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            let family = families.entry(name.to_owned()).or_default();
            assert!(family.kind.is_empty(), "one TYPE: {name}");
            family.kind = kind.to_owned();
            current = name.to_owned();
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let family = families.get_mut(&current).unwrap();
            let behind =
                name.strip_prefix(current.as_str()).unwrap_or_else(|| panic!("{name} below {current}"));
            let known: &[&str] =
                if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(known.contains(&behind), "{line}");
            let labels = labels.strip_suffix('}').unwrap();
            family.labels.extend(labels_in(labels).into_iter().filter(|label| label != "le"));
        }
    }
    families
}

/// The names of labels whose values are quoted as they must be.
fn labels_in(text: &str) -> Vec<String> {
    let (mut names, mut rest) = (Vec::new(), text);
    while let Some((name, after)) = rest.split_once("=\"") {
        names.push(name.trim_start_matches(',').to_owned());
        let mut is_escaped = false;
        let end = after.find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        rest = &after[end.unwrap() + 1..];
    }
    assert!(rest.is_empty(), "{text}");
    names
}

#[test]
fn every_series_belongs_to_a_family_with_a_type_and_a_meaning() {
    let (metrics, snapshot) = example();
    let families = read(&metrics.exposition(snapshot, Exposition::Text));
    assert!(families.len() >= 100, "{}", families.len());
    for (name, family) in &families {
        assert!(["counter", "gauge", "histogram"].contains(&family.kind.as_str()), "{name}: {family:?}");
        if name.starts_with("nanomq_") {
            continue;
        }
        assert!(!family.help.is_empty(), "{name}: {family:?}");
        assert_eq!(name.ends_with("_total"), family.kind == "counter", "{name}: {family:?}");
        assert!(!name.contains("_us") && !name.contains("_ms"), "{name}: seconds and bytes only");
    }
    assert_eq!(families.keys().filter(|name| name.starts_with("nanomq_")).count(), 15);
}

#[test]
fn a_histogram_ends_with_all_that_was_counted() {
    let (metrics, snapshot) = example();
    let text = metrics.exposition(snapshot, Exposition::OpenMetrics);
    for line in [
        "vouchmq_verdict_duration_seconds_bucket{le=\"0.001\"} 0",
        "vouchmq_verdict_duration_seconds_bucket{le=\"0.0025\"} 1",
        "vouchmq_verdict_duration_seconds_bucket{le=\"10.0\"} 1",
        "vouchmq_verdict_duration_seconds_bucket{le=\"+Inf\"} 2",
        "vouchmq_verdict_duration_seconds_count 2",
        "vouchmq_verdict_duration_seconds_sum 60.002",
        "# UNIT vouchmq_verdict_duration_seconds seconds",
        "# TYPE vouchmq_publish_received counter",
    ] {
        assert!(text.lines().any(|told| told == line), "{line} in {text}");
    }
    assert!(text.ends_with("# EOF\n") && !text.contains("nanomq_"));
    assert!(text.contains(r#"server="http://a/\"b\\\n""#), "labels are escaped");
}

#[test]
fn the_documentation_has_every_series() {
    let (metrics, snapshot) = example();
    let mut table = "\n\n| Series | Type | Labels | Meaning |\n|---|---|---|---|\n".to_owned();
    for (name, family) in read(&metrics.exposition(snapshot, Exposition::Text)) {
        let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let meaning = if family.help.is_empty() { "As NanoMQ has it." } else { &family.help };
        let _ = writeln!(table, "| `{name}` | {} | {} | {meaning} |", family.kind, labels.join(", "));
    }
    table.push('\n');
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/observability.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once("<!-- series -->").unwrap();
    let (written, after) = rest.split_once("<!-- end of series -->").unwrap();
    if std::env::var_os("VOUCHMQ_WRITE_DOCS").is_some() {
        std::fs::write(&file, format!("{before}<!-- series -->{table}<!-- end of series -->{after}"))
            .unwrap();
    } else {
        assert_eq!(written, table, "write it anew with VOUCHMQ_WRITE_DOCS=1");
    }
}
