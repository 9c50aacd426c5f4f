use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, Route, any};
use tower::{Layer, Service};
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{HttpMethod, PathItem, Paths};
use utoipa_axum::router::UtoipaMethodRouter;
use vouchmq_identity::model::Scope;

use super::authorize::{Demand, authorize};
use super::requests::{Tallies, count};
use super::{Code, Gate, Idempotency, Problem, Requests, action, openapi};

/// Who may use a route. There is no default: every route says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A principal with this scope.
    Scope(Scope),
    /// Every principal, whatever it may do otherwise.
    Known,
    /// Everybody, for this reason; or the route sees to it by itself.
    Open(&'static str),
}

/// Routes as they are declared, each with its access: the index of a listener.
///
/// ```
/// use vouchmq_api::http::{Authorized, Routes};
/// use vouchmq_identity::model::Scope;
/// use utoipa_axum::routes;
///
/// /// Lists devices.
/// #[utoipa::path(get, path = "/v1/devices", responses((status = 200)))]
/// async fn list(caller: Authorized) -> String {
///     caller.principal().name.to_string()
/// }
///
/// let routes = Routes::<()>::new("management").add(Scope::DevicesRead, routes!(list));
/// assert_eq!(routes.table().count(), 1);
/// ```
pub struct Routes<S> {
    /// What the listener is for.
    title: Box<str>,
    document: OpenApi,
    requests: Arc<Requests>,
    rows: Vec<Row<S>>,
}

/// What [`Routes::build`] makes.
pub struct Built {
    /// What a listener serves.
    pub router: Router,
    /// What describes it.
    pub document: OpenApi,
}

struct Row<S> {
    access: Access,
    paths: Paths,
    methods: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes yet; `title` is that of the document.
    pub fn new(title: &str) -> Self {
        let (document, requests) = (openapi::document(title), Arc::default());
        Self { title: title.into(), document, requests, rows: Vec::new() }
    }

    /// Adds the operations of one path, which `utoipa_axum::routes!` makes of annotated handlers. Operations of
    /// one path that differ in access are added one by one.
    #[must_use]
    pub fn add(
        mut self,
        access: impl Into<Access>,
        (schemas, mut paths, methods): UtoipaMethodRouter<S>,
    ) -> Self {
        let access = access.into();
        for item in paths.paths.values_mut() {
            openapi::declare(item, access);
        }
        self.document.paths.merge(paths.clone());
        self.document.components.get_or_insert_default().schemas.extend(schemas);
        self.rows.push(Row { access, paths, methods });
        self
    }

    /// Adds all routes of `other`.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.document.merge(other.document);
        self.rows.extend(other.rows);
        self
    }

    /// Tells in the document that failures are JSON of this schema, and no problems.
    #[must_use]
    pub(crate) fn failing_as<T: ToSchema>(mut self) -> Self {
        openapi::fail_as::<T>(&mut self.document);
        self
    }

    /// Has the requests of each route counted there.
    #[must_use]
    pub fn counted(self, requests: &Arc<Requests>) -> Self {
        Self { requests: requests.clone(), ..self }
    }

    /// Every operation: path, method, access.
    pub fn table(&self) -> impl Iterator<Item = (&str, HttpMethod, Access)> {
        self.rows.iter().flat_map(|row| {
            let access = row.access;
            let paths = row.paths.paths.iter();
            paths.flat_map(move |(path, item)| {
                methods_of(item).map(move |method| (path.as_str(), method, access))
            })
        })
    }

    /// What describes them.
    pub(crate) const fn document(&self) -> &OpenApi {
        &self.document
    }

    /// Puts the gate before each route that is not open, and `idempotency` behind the gate of each POST.
    ///
    /// # Panics
    /// At start, if two routes are one: axum says which.
    pub fn build(self, state: S, gate: &Gate, idempotency: Option<&Idempotency>) -> Built {
        let mut document = self.document;
        if idempotency.is_some() {
            openapi::keep_answers(&mut document);
        }
        let mut router = Router::new();
        let counting = Counting { listener: self.title, requests: self.requests };
        for Row { access, paths, methods } in self.rows {
            for (path, item) in &paths.paths {
                let is_post = item.post.is_some();
                let methods = match access {
                    Access::Open(_) => methods.clone(),
                    Access::Scope(_) | Access::Known => {
                        let scope = access.scope();
                        let idempotency = idempotency.filter(|_| is_post).cloned();
                        let demand = Demand { gate: gate.clone(), scope, idempotency };
                        methods.clone().route_layer(from_fn_with_state(demand, authorize))
                    }
                };
                let methods = counting.of(methods, item, path);
                let path = if is_post { action::route_of(path) } else { path.clone() };
                router = router.route(&path, methods);
            }
        }
        let router = router.fallback_service(counting.elsewhere()).with_state(state);
        Built { router, document }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// For a listener without principals: puts `layer`, which sees to it who may ask, before every route.
    ///
    /// # Panics
    /// At start, if a route declares a scope, which nobody would look at.
    pub(crate) fn build_behind<L>(self, state: S, layer: L) -> Built
    where
        L: Layer<Route> + Clone + Send + Sync + 'static,
        L::Service: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send>
            + Clone
            + Send
            + Sync
            + 'static,
    {
        let is_open = self.rows.iter().all(|row| matches!(row.access, Access::Open(_)));
        assert!(is_open, "a route that is not open to everybody needs a gate");
        let mut router = Router::new();
        let counting = Counting { listener: self.title, requests: self.requests };
        for Row { paths, methods, .. } in self.rows {
            for (path, item) in &paths.paths {
                let methods = counting.of(methods.clone().route_layer(layer.clone()), item, path);
                let path = if item.post.is_some() { action::route_of(path) } else { path.clone() };
                router = router.route(&path, methods);
            }
        }
        let router = router.fallback_service(counting.elsewhere()).with_state(state);
        Built { router, document: self.document }
    }
}

/// Counts what comes by each route.
struct Counting {
    listener: Box<str>,
    requests: Arc<Requests>,
}

impl Counting {
    /// Methods of one path, in front of everything else.
    fn of<S>(&self, methods: MethodRouter<S>, item: &PathItem, template: &str) -> MethodRouter<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        let tally = |method: HttpMethod| {
            let word = word_of(&method);
            (word, self.requests.of(&self.listener, word, template))
        };
        let tallies: Tallies = methods_of(item).map(tally).collect();
        methods.route_layer(from_fn_with_state(tallies, count))
    }

    /// What has no route.
    fn elsewhere(&self) -> MethodRouter {
        let tallies: Tallies = [("other", self.requests.of(&self.listener, "other", "other"))].into();
        any(nothing_here).layer(from_fn_with_state(tallies, count))
    }
}

const fn word_of(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options | HttpMethod::Head | HttpMethod::Trace => "other",
    }
}

impl Built {
    /// Both, behind one listener.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let mut document = self.document;
        document.merge(other.document);
        Self { router: self.router.reset_fallback().merge(other.router), document }
    }
}

impl Access {
    /// The scope that is needed.
    const fn scope(self) -> Option<Scope> {
        match self {
            Self::Scope(scope) => Some(scope),
            Self::Known | Self::Open(_) => None,
        }
    }
}

impl From<Scope> for Access {
    fn from(scope: Scope) -> Self {
        Self::Scope(scope)
    }
}

impl<S> std::fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.rows.iter().map(|row| (row.paths.paths.keys(), row.access))).finish()
    }
}

impl std::fmt::Debug for Built {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Built").field("router", &self.router).finish_non_exhaustive()
    }
}

fn methods_of(item: &PathItem) -> impl Iterator<Item = HttpMethod> {
    let all = [
        (item.get.is_some(), HttpMethod::Get),
        (item.post.is_some(), HttpMethod::Post),
        (item.put.is_some(), HttpMethod::Put),
        (item.patch.is_some(), HttpMethod::Patch),
        (item.delete.is_some(), HttpMethod::Delete),
    ];
    all.into_iter().filter_map(|(is_there, method)| is_there.then_some(method))
}

async fn nothing_here() -> Problem {
    Problem::new(Code::NotFound, "there is nothing at this path")
}
