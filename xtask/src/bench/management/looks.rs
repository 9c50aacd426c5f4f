//! How long the management server takes to show many clients.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::http::Server;
use super::super::plan::Management;
use super::Managed;
use crate::clock::{Stopwatch, wait_for};

/// Milliseconds, one figure for each round.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// The median of all pages, and the slowest.
    pub(super) page_ms: Vec<f64>,
    pub(super) slowest_page_ms: Vec<f64>,
    pub(super) all_ms: Vec<f64>,
    pub(super) scrape_ms: Vec<f64>,
}

/// What a page has at most.
const LIMIT: usize = 200;

impl Looks {
    /// Waits until all clients are there, then looks so many times.
    pub(super) fn take(managed: &Managed, plan: &Management, rounds: usize) -> Result<Self> {
        let mut operator = managed.operator()?;
        let all_there = wait_for(Duration::from_secs(30), Duration::from_millis(200), || {
            let stats = operator.ask("GET", "/v1/stats", None)?;
            let count = stats.pointer("/broker/connections").and_then(Value::as_u64);
            Ok(count.filter(|count| *count >= u64::from(plan.clients)))
        })?;
        all_there.context("the clients are not connected after 30 s")?;
        let mut looks = Self::default();
        for _ in 0..rounds {
            let mut pages = pages(&mut operator, plan)?;
            pages.sort_by(f64::total_cmp);
            looks.page_ms.extend(pages.get(pages.len() / 2));
            looks.slowest_page_ms.extend(pages.last());
            let (all, took) = timed(&mut operator, "/api/v4/clients")?;
            ensure!(all.len() > usize::try_from(plan.clients)? * 50, "not all clients: {} bytes", all.len());
            looks.all_ms.push(took);
            let (metrics, took) = timed(&mut operator, "/metrics")?;
            ensure!(metrics.contains("nanomq_connections_count"), "not what Prometheus reads: {metrics}");
            looks.scrape_ms.push(took);
        }
        Ok(looks)
    }
}

/// How long each page of the whole list took.
fn pages(operator: &mut Server, plan: &Management) -> Result<Vec<f64>> {
    let (mut times, mut count, mut cursor) = (Vec::new(), 0, String::new());
    loop {
        let (text, took) = timed(operator, &format!("/v1/clients?limit={LIMIT}{cursor}"))?;
        times.push(took);
        let page: Value = serde_json::from_str(&text).with_context(|| format!("not JSON: {text}"))?;
        count += page.get("items").and_then(Value::as_array).map_or(0, Vec::len);
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    ensure!(count >= usize::try_from(plan.clients)?, "{count} of {} clients are listed", plan.clients);
    Ok(times)
}

/// What is answered, and after how many milliseconds.
fn timed(operator: &mut Server, path: &str) -> Result<(String, f64)> {
    let watch = Stopwatch::start();
    let text = operator.fetch("GET", path, None)?;
    Ok((text, watch.elapsed().as_secs_f64() * 1_000.0))
}
