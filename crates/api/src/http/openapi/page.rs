//! The document for people: one page, made here once, without scripts and without anything from elsewhere.

mod schema;
mod text;

use std::collections::BTreeMap;

use axum::Router;
use serde_json::{Map, Value};
use utoipa::openapi::OpenApi;

use super::super::shared::Shared;
use schema::type_of;
use text::{Page, field, text_of};

const STYLE: &str = include_str!("page/style.css");
/// A style sheet of ours, and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// `GET /docs`: the document as a page, for everybody, as `/openapi.json` is.
pub fn docs_route(document: &OpenApi) -> Router {
    let document = serde_json::to_value(document).unwrap_or_default();
    let page = Shared::new("text/html; charset=utf-8", render(&document)).with_policy(POLICY);
    page.route("/docs").merge(Shared::new("text/css; charset=utf-8", STYLE).route("/docs/style.css"))
}

/// The whole page.
fn render(document: &Value) -> String {
    let mut page = Page::default();
    let title = text_of(document, &["info", "title"]);
    page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>");
    page.text(title);
    page.raw("</title><link rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><header><h1>");
    page.text(title);
    page.raw("</h1><p>Version ");
    page.text(text_of(document, &["info", "version"]));
    page.raw("; the same for programs: <a href=\"/openapi.json\">OpenAPI 3.1</a>.</p></header><nav>");
    let sections = sections_of(document);
    for tag in sections.keys() {
        page.raw("<a href=\"#");
        page.text(&anchor(tag));
        page.raw("\">");
        page.text(tag);
        page.raw("</a> ");
    }
    page.raw("<a href=\"#schemas\">schemas</a></nav><main>");
    for (tag, operations) in &sections {
        page.raw("<section><h2 id=\"");
        page.text(&anchor(tag));
        page.raw("\">");
        page.text(tag);
        page.raw("</h2>");
        for (path, method, operation) in operations {
            put_operation(&mut page, path, method, operation);
        }
        page.raw("</section>");
    }
    schema::put_all(&mut page, field(document, &["components", "schemas"]));
    page.raw("</main></body></html>\n");
    page.into_text()
}

/// The operations of each tag: path, method, operation.
fn sections_of(document: &Value) -> BTreeMap<&str, Vec<(&str, &str, &Value)>> {
    let mut sections: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (path, item) in members(field(document, &["paths"])) {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or("others");
            sections.entry(tag).or_default().push((path.as_str(), method, operation));
        }
    }
    sections
}

fn put_operation(page: &mut Page, path: &str, method: &str, operation: &Value) {
    page.raw("<details id=\"");
    page.text(text_of(operation, &["operationId"]));
    page.raw("\"><summary><b>");
    page.text(&method.to_ascii_uppercase());
    page.raw("</b> <code>");
    page.text(path);
    page.raw("</code> ");
    page.prose(text_of(operation, &["summary"]));
    page.raw("</summary>");
    if let Some(description) = operation.get("description").and_then(Value::as_str) {
        page.raw("<p>");
        page.prose(description);
        page.raw("</p>");
    }
    page.raw("<p>Needs: ");
    match operation.pointer("/security/0/bearer/0").and_then(Value::as_str) {
        Some(scope) => {
            page.raw("<code>");
            page.text(scope);
            page.raw("</code>");
        }
        None => page.raw("nothing"),
    }
    page.raw("</p>");
    put_parameters(page, operation);
    let bodies = members(field(operation, &["requestBody", "content"]));
    for (kind, content) in bodies {
        page.raw("<p>Body: ");
        put_content(page, kind, content);
        page.raw("</p>");
    }
    put_answers(page, operation);
    page.raw("</details>");
}

fn put_parameters(page: &mut Page, operation: &Value) {
    let parameters = field(operation, &["parameters"]).as_array().into_iter().flatten();
    let mut own = parameters.filter(|parameter| parameter.get("name").is_some()).peekable();
    if own.peek().is_none() {
        return;
    }
    page.raw("<table><tr><th>Parameter</th><th>In</th><th>Type</th><th></th></tr>");
    for parameter in own {
        page.raw("<tr><td><code>");
        page.text(text_of(parameter, &["name"]));
        page.raw("</code></td><td>");
        page.text(text_of(parameter, &["in"]));
        page.raw("</td><td>");
        type_of(page, field(parameter, &["schema"]));
        page.raw("</td><td>");
        page.prose(text_of(parameter, &["description"]));
        page.raw("</td></tr>");
    }
    page.raw("</table>");
}

fn put_answers(page: &mut Page, operation: &Value) {
    page.raw("<table><tr><th>Answer</th><th>Body</th><th></th></tr>");
    for (status, answer) in members(field(operation, &["responses"])) {
        page.raw("<tr><td><code>");
        page.text(status);
        page.raw("</code></td><td>");
        if answer.get("$ref").is_some() {
            page.raw("<a href=\"#schema-ProblemBody\">ProblemBody</a>");
        }
        for (kind, content) in members(field(answer, &["content"])) {
            put_content(page, kind, content);
        }
        page.raw("</td><td>");
        page.prose(text_of(answer, &["description"]));
        page.raw("</td></tr>");
    }
    page.raw("</table>");
}

fn put_content(page: &mut Page, kind: &str, content: &Value) {
    type_of(page, field(content, &["schema"]));
    if kind != "application/json" {
        page.raw(" (");
        page.text(kind);
        page.raw(")");
    }
}

fn anchor(tag: &str) -> String {
    tag.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_of_the_document_becomes_markup() {
        let evil = "<script>\"&'`x`";
        let page = render(&json!({
            "info": {"title": evil, "version": evil},
            "paths": {evil: {"get": {"operationId": evil, "summary": evil, "description": evil, "tags": [evil],
                "parameters": [{"name": evil, "in": evil, "description": evil, "schema": {"type": evil}}],
                "responses": {evil: {"description": evil,
                    "content": {evil: {"schema": {"$ref": format!("#/components/schemas/{evil}")}}}}}}}},
            "components": {"schemas": {evil: {"description": evil, "properties": {evil: {"type": [evil]}}}}},
        }));
        assert!(!page.contains("<script") && !page.contains("\"&'"), "{page}");
        assert!(page.contains("&lt;script&gt;&quot;&amp;&#39;<code>x</code>"), "{page}");
    }

    #[test]
    fn a_document_without_anything_is_a_page_all_the_same() {
        assert!(render(&Value::Null).ends_with("</html>\n"));
    }
}
