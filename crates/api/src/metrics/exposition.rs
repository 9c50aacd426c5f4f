use axum::http::{HeaderMap, header};

/// The two forms in which Prometheus reads series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// The text format, version 0.0.4: what everybody gets who does not ask for the other.
    Text,
    /// OpenMetrics 1.0, for who accepts it by name.
    OpenMetrics,
}

const OPEN_METRICS: &str = "application/openmetrics-text";

impl Exposition {
    /// What a client wants. Weights are not compared: whoever names OpenMetrics, as Prometheus does, prefers it.
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut ranges = accepted.flat_map(|value| value.split(','));
        let is_named = ranges.any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let is_kind = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(OPEN_METRICS));
            is_kind && !parts.any(|part| part == "q=0")
        });
        if is_named { Self::OpenMetrics } else { Self::Text }
    }

    /// The media type of an answer.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Our families, as OpenMetrics has them, and those of NanoMQ behind them.
    ///
    /// NanoMQ's counters have names that OpenMetrics forbids (no `_total`): who reads that form does not get them.
    pub(super) fn of(self, page: &str, nanomq: &str) -> String {
        match self {
            Self::OpenMetrics => page.to_owned(),
            Self::Text => text_of(page) + nanomq,
        }
    }
}

/// The same families in the older form: it names a counter and an info by their series, and knows neither units nor an
/// end.
fn text_of(page: &str) -> String {
    let mut text = String::with_capacity(page.len());
    let mut help = "";
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap_or((rest, "untyped"));
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                kind => ("", kind),
            };
            let meaning = help.split_once(' ').map_or("", |(_, meaning)| meaning);
            text.push_str(&format!("# HELP {name}{suffix} {meaning}\n# TYPE {name}{suffix} {kind}\n"));
        } else if !line.starts_with("# ") {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_for_who_asks_for_it_by_name() {
        let wanted = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            Exposition::wanted(&headers)
        };
        let of_prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2";
        assert_eq!(wanted(of_prometheus), Exposition::OpenMetrics);
        for accept in ["*/*", "text/plain", "application/openmetrics-text;q=0", "application/json"] {
            assert_eq!(wanted(accept), Exposition::Text, "{accept}");
        }
        assert_eq!(Exposition::wanted(&HeaderMap::new()), Exposition::Text);
    }

    #[test]
    fn a_counter_is_called_by_its_series_in_the_older_form() {
        let page = "# HELP a_x What.\n# TYPE a_x counter\na_x_total 1\n# HELP b_bytes How.\n# TYPE b_bytes gauge\n# UNIT b_bytes bytes\nb_bytes 2\n# HELP c Facts.\n# TYPE c info\nc_info{v=\"1\"} 1\n# EOF\n";
        let text = "# HELP a_x_total What.\n# TYPE a_x_total counter\na_x_total 1\n# HELP b_bytes How.\n# TYPE b_bytes gauge\nb_bytes 2\n# HELP c_info Facts.\n# TYPE c_info gauge\nc_info{v=\"1\"} 1\nn 3\n";
        assert_eq!(Exposition::Text.of(page, "n 3\n"), text);
    }
}
