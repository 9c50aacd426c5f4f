//! How operations are answered where all are answered alike: what each has to say is left to it.

use utoipa::ToSchema;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{
    Components, Content, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder, Type,
};
use vouchmq_client::dto::problem::ProblemBody;

use crate::http::Access;

/// Ways to fail that are the same everywhere: status, name and what it means.
const FAILURES: &[(&str, &str, &str)] = &[
    ("401", "Unauthenticated", "Nobody is known by what was presented, or nothing was."),
    ("403", "Forbidden", "The caller is known, and may not do this."),
    ("404", "NotFound", "There is no such thing."),
    ("409", "Conflict", "The state of things does not allow this; `code` says what stands against it."),
    ("422", "Invalid", "The request is not valid; `errors` name what is wrong."),
    ("503", "Unavailable", "Not now: `Retry-After` says when to try again."),
    ("default", "Problem", "Every other failure: RFC 9457, with a `code` that stays the same."),
];
const PROBLEM: &str = "application/problem+json";
const IDEMPOTENCY_KEY: &str = "IdempotencyKey";

/// Puts what operations refer to into the document.
pub(super) fn describe(components: &mut Components) {
    for (_, name, what) in FAILURES {
        let schema = RefOr::Ref(Ref::from_schema_name(ProblemBody::name()));
        let response =
            ResponseBuilder::new().description(*what).content(PROBLEM, Content::new(Some(schema))).build();
        components.responses.insert((*name).to_owned(), response.into());
    }
}

/// Gives an operation the failures that it can have, and each answer the description that it must have.
pub(super) fn complete(operation: &mut Operation, access: Access) {
    let parameters = operation.parameters.iter().flatten();
    let is_in = |place: ParameterIn| {
        parameters.clone().any(|parameter| match parameter {
            RefOr::T(parameter) => parameter.parameter_in == place,
            RefOr::Ref(_) => false,
        })
    };
    let has_name = is_in(ParameterIn::Path);
    let may_be_invalid = operation.request_body.is_some() || has_name || is_in(ParameterIn::Query);
    let answers = &mut operation.responses.responses;
    let mut expected = vec!["default"];
    if !matches!(access, Access::Open(_)) {
        expected.extend(["401", "403"]);
    }
    if has_name {
        expected.push("404");
    }
    if may_be_invalid {
        expected.push("422");
    }
    for status in expected {
        answers.entry(status.to_owned()).or_insert_with(|| Response::new("").into());
    }
    for (status, answer) in answers {
        let known = FAILURES.iter().find(|(known, ..)| known == status);
        match (answer, known) {
            (answer @ RefOr::T(_), Some((_, name, _))) if says_nothing(answer) => {
                *answer = RefOr::Ref(Ref::from_response_name(*name));
            }
            (RefOr::T(response), _) if response.description.is_empty() => {
                response.description = meaning(status).to_owned();
            }
            (RefOr::T(_) | RefOr::Ref(_), _) => {}
        }
    }
}

fn says_nothing(answer: &RefOr<Response>) -> bool {
    matches!(answer, RefOr::T(response) if response.description.is_empty() && response.content.is_empty())
}

/// Says of all failures that are alike everywhere that they are JSON of this schema, and no problems.
pub(in crate::http) fn fail_as<T: ToSchema>(document: &mut OpenApi) {
    let body = RefOr::Ref(Ref::from_schema_name(T::name()));
    let content = Content::new(Some(body));
    let failure =
        ResponseBuilder::new().description("A failure.").content("application/json", content).build();
    for operation in document.paths.paths.values_mut().flat_map(super::operations_of) {
        let answers = operation.responses.responses.values_mut();
        answers
            .filter(|answer| matches!(answer, RefOr::Ref(_)))
            .for_each(|answer| *answer = failure.clone().into());
    }
}

/// Says of every POST that needs a scope that it may be sent again with the same key.
pub(in crate::http) fn keep_answers(document: &mut OpenApi) {
    let parameters = &mut document.components.get_or_insert_default().parameters;
    parameters.insert(IDEMPOTENCY_KEY.to_owned(), idempotency_key().into());
    let posts = document.paths.paths.values_mut().filter_map(|item| item.post.as_mut());
    for operation in
        posts.filter(|operation| operation.security.as_ref().is_some_and(|needs| !needs.is_empty()))
    {
        let reference = RefOr::Ref(Ref::new(format!("#/components/parameters/{IDEMPOTENCY_KEY}")));
        operation.parameters.get_or_insert_default().push(reference);
    }
}

fn idempotency_key() -> Parameter {
    let schema =
        ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(128)).build();
    let mut parameter = Parameter::new("Idempotency-Key");
    parameter.parameter_in = ParameterIn::Header;
    parameter.required = Required::False;
    parameter.description = Some(
        "The same request with the same key is answered as it was answered first, for 24 hours.".to_owned(),
    );
    parameter.schema = Some(schema.into());
    parameter
}

/// What a status means where an operation does not say it.
fn meaning(status: &str) -> &'static str {
    match status {
        "200" => "Done: this is what there is.",
        "201" => "Made: this is what was made.",
        "202" => "Begun: it goes on by itself.",
        "204" => "Done: there is nothing to say.",
        _ => "A failure: `code` says which.",
    }
}
