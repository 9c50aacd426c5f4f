mod bounds;
mod drain;
mod front;
mod idempotency;
mod routes;
mod tls;
