use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use vouchmq_client::dto::transfer::{End, Header, KeyCheck, Line};
use vouchmq_identity::model::ProductId;
use vouchmq_identity::registry::Registry;
use vouchmq_identity::store::{DeviceFilter, PageRequest, StoreFault};

use super::lines;
use crate::http::{Broken, Draining, Pusher};
use crate::management::text::time_of;

/// An export at work.
pub(super) struct Writer {
    pub(super) registry: Arc<Registry>,
    pub(super) pusher: Pusher,
    pub(super) product: Option<ProductId>,
    pub(super) has_verifiers: bool,
    pub(super) has_blocks: bool,
    pub(super) line_count: u64,
    pub(super) _place: OwnedSemaphorePermit,
}

/// Why an export ends before its end.
enum Ended {
    /// Its client has gone.
    Gone,
    Failed(StoreFault),
}

/// How long the end of an export that broke off waits for its client.
const PATIENCE: Duration = Duration::from_secs(1);
/// Rows that are read at once.
const PAGE: u32 = 200;

impl Writer {
    /// Writes everything, for as long as the client takes it and the listener does not drain.
    pub(super) async fn serve(mut self, mut draining: Draining) {
        let pusher = self.pusher.clone();
        let result = tokio::select! {
            () = draining.begun() => Err(Ended::Gone),
            result = self.write() => result,
        };
        if let Err(ended) = result {
            if let Ended::Failed(fault) = ended {
                tracing::warn!(%fault, "an export broke off");
            }
            // If this does not go out either, the last line is missing all the same.
            let _ = pusher.send_timeout(Err(Broken), PATIENCE).await;
        }
    }

    async fn write(&mut self) -> Result<(), Ended> {
        let header = self.header().await?;
        self.push([header]).await?;
        self.products().await?;
        self.devices().await?;
        self.claim_tokens().await?;
        if self.has_blocks {
            self.blocks().await?;
        }
        self.push([Line::End(End { lines: self.line_count })]).await
    }

    async fn header(&self) -> Result<Line, Ended> {
        let (log, head_seq) = self.registry.read().await?.log_head().await?;
        let keyring = self.registry.keyring();
        let key = |(version, check): (vouchmq_identity::PepperVersion, vouchmq_identity::CheckValue)| {
            KeyCheck { version: version.number(), check: check.to_string() }
        };
        Ok(Line::Header(Header {
            format: 1,
            log: log.to_string(),
            head_seq,
            exported_at: time_of(self.registry.now()),
            keys: keyring.check_values().map(key).collect(),
        }))
    }

    async fn products(&mut self) -> Result<(), Ended> {
        if let Some(id) = self.product {
            let product = self.registry.read().await?.product(id).await?;
            return self.push(product.iter().map(|product| Line::Product(lines::product(product)))).await;
        }
        let mut request = PageRequest::first(PAGE);
        loop {
            let page = self.registry.read().await?.products(request).await?;
            self.push(page.items.iter().map(|product| Line::Product(lines::product(product)))).await?;
            let Some(next) = page.next else { return Ok(()) };
            request = PageRequest::after(next, PAGE);
        }
    }

    async fn devices(&mut self) -> Result<(), Ended> {
        let filter = DeviceFilter { product: self.product, ..DeviceFilter::default() };
        let mut request = PageRequest::first(PAGE);
        loop {
            let registry = self.registry.clone();
            let mut rows = registry.read().await?;
            let page = rows.devices(&filter, request).await?;
            let mut found = Vec::with_capacity(page.items.len());
            for device in &page.items {
                let credentials = rows.credentials_of(&device.id).await?;
                found.push(Line::Device(lines::device(device, &credentials, self.has_verifiers)));
            }
            drop(rows);
            self.push(found).await?;
            let Some(next) = page.next else { return Ok(()) };
            request = PageRequest::after(next, PAGE);
        }
    }

    async fn claim_tokens(&mut self) -> Result<(), Ended> {
        let mut request = PageRequest::first(PAGE);
        loop {
            let page = self.registry.read().await?.claim_tokens(request).await?;
            let (product, has_verifiers) = (self.product, self.has_verifiers);
            let wanted =
                page.items.iter().filter(|token| product.is_none_or(|product| token.product == product));
            self.push(wanted.map(|token| Line::ClaimToken(lines::claim_token(token, has_verifiers)))).await?;
            let Some(next) = page.next else { return Ok(()) };
            request = PageRequest::after(next, PAGE);
        }
    }

    async fn blocks(&mut self) -> Result<(), Ended> {
        let mut request = PageRequest::first(PAGE);
        loop {
            let page = self.registry.read().await?.blocks(request).await?;
            self.push(page.items.iter().map(|entry| Line::Block(lines::block(entry)))).await?;
            let Some(next) = page.next else { return Ok(()) };
            request = PageRequest::after(next, PAGE);
        }
    }

    async fn push(&mut self, written: impl IntoIterator<Item = Line>) -> Result<(), Ended> {
        let mut text = Vec::new();
        for line in written {
            if serde_json::to_writer(&mut text, &line).is_err() {
                return Err(Ended::Failed(StoreFault::Unavailable("a line cannot be written".into())));
            }
            text.push(b'\n');
            self.line_count += 1;
        }
        if text.is_empty() {
            return Ok(());
        }
        self.pusher.send(Ok(Bytes::from(text))).await.map_err(|_| Ended::Gone)
    }
}

impl From<StoreFault> for Ended {
    fn from(fault: StoreFault) -> Self {
        Self::Failed(fault)
    }
}
