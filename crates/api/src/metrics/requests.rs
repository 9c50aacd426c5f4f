use std::fmt;

use super::page::Page;
use crate::http::Requests;

/// Requests to the HTTP listeners.
pub(super) fn write(requests: &Requests, page: &mut Page<'_>) -> fmt::Result {
    let routes = requests.snapshot();
    let labels = |at: usize, class: &'static str| {
        let route = routes.get(at).map(|(route, ..)| route);
        let (listener, method, template) =
            route.map_or(("", "", ""), |route| (&*route.listener, &*route.method, &*route.template));
        [("listener", listener), ("method", method), ("route", template), ("status", class)]
    };
    let mut counted = Vec::new();
    for (at, (_, classes, _)) in routes.iter().enumerate() {
        let known = ["1xx", "2xx", "3xx", "4xx", "5xx"].into_iter().zip(classes);
        counted
            .extend(known.filter(|(_, count)| **count > 0).map(|(class, count)| (labels(at, class), *count)));
    }
    page.counters(
        "vouchmq_http_requests",
        "Requests that were answered, by route and class of status",
        counted,
    )?;
    let took = routes.iter().filter(|(.., took)| took.count() > 0).map(|(route, _, took)| {
        ([("listener", &*route.listener), ("method", &*route.method), ("route", &*route.template)], *took)
    });
    page.histograms("vouchmq_http_request_duration", "How long answers to requests took", took)
}
