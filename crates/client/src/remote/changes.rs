//! Following what changes at our authentication service: the consumer of `GET /v1/changes`.
//!
//! How long a verdict may be kept depends on whether a revocation would be heard of: see [`StreamHealth`].

mod events;
mod follow;
mod frame;
mod health;
mod progress;

pub use events::{Event, Events, Overlong};
pub use follow::{Followed, Follower};
pub use frame::{Frame, Garbage};
pub use health::{Health, StreamHealth};
pub use progress::{Position, Progress, Step};
