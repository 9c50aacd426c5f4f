//! Whoever acts on a broker: calls of the API, and what is printed of the answers.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::sync::mpsc::Receiver;
use vouchmq_client::dto::applied::{Applied, Nodes};
use vouchmq_client::dto::page::Page;
use vouchmq_client::{Download, Method, Rest, RestFault};

use super::input::Wait;
use super::listing::Listing;
use super::path::ApiPath;
use super::table::Resource;
use super::target::Target;
use super::{fault, json};
use crate::exit::Failure;
use crate::output;

/// Somebody who may.
pub(in crate::command) struct Operator {
    rest: Rest,
    api: String,
    /// By what they prove who they are, for whoever is refused.
    token: String,
    as_json: bool,
    /// The keys of products by their ids: what people know them by.
    keys: OnceCell<BTreeMap<String, String>>,
}

/// No body.
const NOTHING: Option<&()> = None;
/// What a device, a credential or an API key proves itself by.
pub(super) const SECRET: &str = "secret";
/// The field of an id that people do not know.
const PRODUCT: &str = "product_id";
/// What a new device registers with.
pub(super) const TOKEN: &str = "token";

impl Operator {
    /// Acts there.
    pub(super) fn new(target: Target, as_json: bool) -> Result<Self, Failure> {
        let described = target.described();
        let rest = target.rest()?.map_err(|why| fault::told(why, &target.api, &described))?;
        Ok(Self { rest, api: target.api, token: described, as_json, keys: OnceCell::new() })
    }

    // Calls.

    pub(super) async fn get(&self, path: &ApiPath) -> Result<Value, Failure> {
        self.told(self.rest.get(&path.text()).await)
    }

    pub(super) async fn post(
        &self,
        path: &ApiPath,
        body: &(impl Serialize + Sync),
    ) -> Result<Value, Failure> {
        self.told(self.rest.post(&path.text(), body).await)
    }

    pub(super) async fn patch(
        &self,
        path: &ApiPath,
        body: &(impl Serialize + Sync),
    ) -> Result<Value, Failure> {
        self.told(self.rest.call(Method::PATCH, &path.text(), Some(body)).await)
    }

    pub(super) async fn put(&self, path: &ApiPath, body: &(impl Serialize + Sync)) -> Result<Value, Failure> {
        self.told(self.rest.call(Method::PUT, &path.text(), Some(body)).await)
    }

    pub(super) async fn delete(&self, path: &ApiPath) -> Result<Value, Failure> {
        self.told(self.rest.call(Method::DELETE, &path.text(), NOTHING).await)
    }

    pub(super) async fn put_text(&self, path: &ApiPath, text: String) -> Result<Value, Failure> {
        self.told(self.rest.put_text(&path.text(), text).await)
    }

    /// Posts what comes from `parts`.
    pub(super) async fn upload(
        &self,
        path: &ApiPath,
        parts: Receiver<io::Result<Vec<u8>>>,
    ) -> Result<Value, Failure> {
        self.told(self.rest.upload(&path.text(), parts).await)
    }

    pub(super) async fn download(&self, path: &ApiPath) -> Result<Download, Failure> {
        self.told(self.rest.download(&path.text()).await)
    }

    /// The id of the product that a text names, by its id or its key.
    pub(super) async fn product_id(&self, text: &str) -> Result<String, Failure> {
        match self.rest.get::<Value>(&ApiPath::to(&["products", text]).text()).await {
            Ok(product) => return Ok(self.found(&product)),
            Err(RestFault::Problem(problem)) if problem.status == 404 => {}
            Err(fault) => return Err(fault::told(fault, &self.api, &self.token)),
        }
        let path = ApiPath::to(&["products"]);
        let mut pages = Pages::default();
        while let Some(items) = pages.next(self, &path).await? {
            if let Some(found) = items.iter().find(|product| text_of(product, "key") == text) {
                return Ok(self.found(found));
            }
        }
        Err(Failure::failed(format_args!(
            "there is no product with the key or id '{text}'; 'vouchmq product list' shows all"
        )))
    }

    /// Keeps the key of a product that was asked for.
    fn found(&self, product: &Value) -> String {
        let _ = self.keys.set([id_and_key(product)].into());
        text_of(product, "id").to_owned()
    }

    // What is printed.

    /// All pages of a list.
    pub(super) async fn list(&self, path: &ApiPath, resource: &Resource) -> Result<(), Failure> {
        let mut listing = Listing::new(resource, self.as_json);
        let mut pages = Pages::default();
        while let Some(mut items) = pages.next(self, path).await? {
            for item in &mut items {
                self.name_product(item).await;
            }
            listing.take(items)?;
        }
        listing.end()
    }

    /// One resource.
    pub(super) async fn show(&self, item: &Value, resource: &Resource) -> Result<(), Failure> {
        if self.as_json {
            return output::line(&json::pretty(item));
        }
        let mut item = item.clone();
        self.name_product(&mut item).await;
        output::line(&resource.show(&item, ""))
    }

    /// A resource that was made, and in the field `secret` of the answer perhaps what is shown only now.
    pub(super) async fn issued(
        &self,
        answer: &Value,
        item: &Value,
        resource: &Resource,
        secret: &str,
    ) -> Result<(), Failure> {
        let Some(text) = answer.get(secret).and_then(Value::as_str) else {
            return self.show(if self.as_json { answer } else { item }, resource).await;
        };
        let printed = if self.as_json {
            output::line(&json::pretty(answer))
        } else {
            // Nothing is asked for before the secret is out: it would be lost with whoever waits.
            let mut item = item.clone();
            self.keys.get().inspect(|keys| put_key(&mut item, keys));
            output::line(&format!("{}\n{secret}: {}", resource.show(&item, secret), output::escaped(text)))
        };
        printed.map_err(|_| {
            Failure::failed(format_args!(
                "the {secret} could not be printed, and is not shown again: revoke it, or rotate it"
            ))
        })?;
        output::note(&format!("the {secret} is not shown again: keep it now"));
        Ok(())
    }

    /// What was done, in a line.
    pub(super) fn done(&self, answer: &Value, what: &str) -> Result<(), Failure> {
        if self.as_json { output::line(&json::pretty(answer)) } else { output::line(&output::escaped(what)) }
    }

    /// How far a change has come. One that not all nodes know yet is a failure: somebody may still be let in.
    pub(super) fn applied(&self, answer: &Value, what: &str) -> Result<(), Failure> {
        let applied = self.read_applied(answer)?;
        self.done(answer, &format!("{what}; {}", in_words(&applied)))?;
        is_everywhere(&applied, what)
    }

    /// The same, of an answer that was printed and tells it too, if somebody waited.
    pub(super) fn applied_too(&self, answer: &Value, what: &str) -> Result<(), Failure> {
        let Some(applied) = answer.get("applied") else { return Ok(()) };
        let applied = self.read_applied(applied)?;
        if !self.as_json {
            output::line(&in_words(&applied))?;
        }
        is_everywhere(&applied, what)
    }

    /// Something is gone, and how far that has come if somebody waited.
    pub(super) fn gone(&self, answer: &Value, what: &str, Wait { wait }: Wait) -> Result<(), Failure> {
        if wait { self.applied(answer, what) } else { self.done(answer, what) }
    }

    fn read_applied(&self, answer: &Value) -> Result<Applied, Failure> {
        serde_json::from_value(answer.clone()).map_err(|why| {
            let strange = RestFault::Strange { status: 200, why: why.to_string().into() };
            fault::told(strange, &self.api, &self.token)
        })
    }

    /// The keys of products, as far as the first page goes; where they cannot be read, ids are shown.
    async fn product_keys(&self) -> &BTreeMap<String, String> {
        let read = || async {
            let page = self.rest.get::<Page<Value>>(&ApiPath::to(&["products"]).page(None)).await;
            let products = page.map(|page| page.items).unwrap_or_default();
            products.iter().map(id_and_key).collect()
        };
        self.keys.get_or_init(read).await
    }

    async fn name_product(&self, item: &mut Value) {
        if !self.as_json && item.get(PRODUCT).is_some() {
            put_key(item, self.product_keys().await);
        }
    }

    pub(super) const fn prints_json(&self) -> bool {
        self.as_json
    }

    pub(super) fn told<T>(&self, answer: Result<T, RestFault>) -> Result<T, Failure> {
        answer.map_err(|why| fault::told(why, &self.api, &self.token))
    }
}

/// The pages of a list, one after the other.
#[derive(Default)]
struct Pages {
    cursor: Option<String>,
    is_over: bool,
}

impl Pages {
    async fn next(&mut self, operator: &Operator, path: &ApiPath) -> Result<Option<Vec<Value>>, Failure> {
        if self.is_over {
            return Ok(None);
        }
        let page = operator.rest.get::<Page<Value>>(&path.page(self.cursor.as_deref())).await;
        let page = page.map_err(|why| fault::told(why, &operator.api, &operator.token))?;
        if page.next_cursor.is_some() && page.next_cursor == self.cursor {
            return Err(Failure::failed("the server gives the same part of the list again and again"));
        }
        self.is_over = page.next_cursor.is_none();
        self.cursor = page.next_cursor;
        Ok(Some(page.items))
    }
}

/// `applied by 2 of 2 nodes, 1 session closed, 14.2 ms`
fn in_words(applied: &Applied) -> String {
    let Applied { sessions_closed, nodes: Nodes { acked, total, stale }, elapsed_ms, .. } = applied;
    let sessions = if *sessions_closed == 1 { "session" } else { "sessions" };
    let silent = match stale {
        0 => String::new(),
        1 => ", 1 silent node may still run".to_owned(),
        more => format!(", {more} silent nodes may still run"),
    };
    format!(
        "applied by {acked} of {total} nodes, {sessions_closed} {sessions} closed, {elapsed_ms:.1} ms{silent}"
    )
}

fn is_everywhere(applied: &Applied, what: &str) -> Result<(), Failure> {
    let Nodes { acked, total, .. } = applied.nodes;
    if acked < total {
        return Err(Failure::failed(format_args!(
            "{what}, but only {acked} of {total} nodes have applied it yet: the others follow as soon as they can"
        )));
    }
    Ok(())
}

fn id_and_key(product: &Value) -> (String, String) {
    (text_of(product, "id").to_owned(), text_of(product, "key").to_owned())
}

/// In a table the key of a product stands for its id; where it is not known, the id stays.
fn put_key(item: &mut Value, keys: &BTreeMap<String, String>) {
    if let Some(id) = item.get_mut(PRODUCT)
        && let Some(key) = id.as_str().and_then(|id| keys.get(id))
    {
        *id = Value::from(key.clone());
    }
}

/// A field that is a text; nothing if it is none.
pub(super) fn text_of<'a>(item: &'a Value, field: &str) -> &'a str {
    item.get(field).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn how_far_a_change_has_come_is_told_in_words() {
        let applied = |closed: u64, stale: u64| {
            let answer = json!({"seq": 4, "nodes": {"acked": 1, "total": 2, "stale": stale},
                "sessions_closed": closed, "elapsed_ms": 3.09});
            in_words(&serde_json::from_value(answer).unwrap())
        };
        assert_eq!(applied(1, 0), "applied by 1 of 2 nodes, 1 session closed, 3.1 ms");
        let silent = "applied by 1 of 2 nodes, 0 sessions closed, 3.1 ms, 1 silent node may still run";
        assert_eq!(applied(0, 1), silent);
    }
}
