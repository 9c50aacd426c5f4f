//! Schemas: what a body holds.

use serde_json::Value;

use super::members;
use super::text::{Page, field, text_of};

/// Schemas in schemas are shown so deep.
const DEPTH_MAX: usize = 8;

/// All schemas that have a name.
pub(super) fn put_all(page: &mut Page, schemas: &Value) {
    page.raw("<section><h2 id=\"schemas\">schemas</h2>");
    for (name, schema) in members(schemas) {
        page.raw("<details id=\"schema-");
        page.text(name);
        page.raw("\"><summary><code>");
        page.text(name);
        page.raw("</code> ");
        page.prose(text_of(schema, &["description"]));
        page.raw("</summary>");
        put_fields(page, schema, 0);
        page.raw("</details>");
    }
    page.raw("</section>");
}

/// The fields of an object, or what else it is.
fn put_fields(page: &mut Page, schema: &Value, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    for word in ["allOf", "oneOf", "anyOf"] {
        for part in field(schema, &[word]).as_array().into_iter().flatten() {
            if part.get("$ref").is_some() || part.get("properties").is_none() {
                page.raw("<p>");
                type_of(page, part);
                page.raw("</p>");
            }
            put_fields(page, part, depth + 1);
        }
    }
    let properties = field(schema, &["properties"]);
    let Some((_, _)) = members(properties).next() else { return };
    let required: Vec<&str> =
        field(schema, &["required"]).as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    page.raw("<table><tr><th>Field</th><th>Type</th><th></th></tr>");
    for (name, property) in members(properties) {
        page.raw("<tr><td><code>");
        page.text(name);
        page.raw("</code>");
        if !required.contains(&name.as_str()) {
            page.raw(" (may be missing)");
        }
        page.raw("</td><td>");
        type_of(page, property);
        page.raw("</td><td>");
        page.prose(text_of(property, &["description"]));
        page.raw("</td></tr>");
    }
    page.raw("</table>");
}

/// What a schema is, in a word, with a link to it where it has a name.
pub(super) fn type_of(page: &mut Page, schema: &Value) {
    type_within(page, schema, 0);
}

fn type_within(page: &mut Page, schema: &Value, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let name = name.rsplit('/').next().unwrap_or_default();
        page.raw("<a href=\"#schema-");
        page.text(name);
        page.raw("\">");
        page.text(name);
        return page.raw("</a>");
    }
    let mut is_first = true;
    let mut next = |page: &mut Page| {
        if !is_first {
            page.raw(" or ");
        }
        is_first = false;
    };
    for part in ["oneOf", "anyOf", "allOf"].iter().filter_map(|word| schema.get(word)?.as_array()).flatten() {
        next(page);
        type_within(page, part, depth + 1);
    }
    let kind = field(schema, &["type"]);
    for kind in kind.as_array().into_iter().flatten().chain([kind]).filter_map(Value::as_str) {
        next(page);
        if kind == "array" {
            page.raw("list of ");
            type_within(page, field(schema, &["items"]), depth + 1);
        } else {
            page.text(kind);
        }
    }
}
