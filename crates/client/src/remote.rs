//! The remote authenticator: asks an authentication service by HTTP who a client is and what it may do.
//!
//! Whatever is not understood, or does not come in time, is *unavailable*, and never lets anybody in.
//!
//! | Module | Idea |
//! |---|---|
//! | [`options`], [`values`] | what is asked, and of whom |
//! | [`template`], [`answer`] | the request, and what its answer means |
//! | [`cache`], [`flight`] | what is remembered; one question for all who present the same |
//! | [`trial`] | what was asked and answered, for operators who try a configuration |
//! | [`changes`] | what changes at a service of our own |
//! | `templated`, `native`, `batch` | the protocols |
//! | `authenticator`, `rights`, `standings`, `following` | who is let in, what they may do, what becomes of them |

pub mod answer;
pub mod cache;
pub mod changes;
pub mod flight;
pub mod options;
pub mod template;
pub mod trial;
pub mod values;

mod authenticator;
mod batch;
mod beside;
mod figures;
mod following;
mod native;
mod operate;
mod percent;
mod rights;
mod service;
mod settled;
mod standings;
mod tells;
mod templated;

pub use authenticator::RemoteAuthenticator;
pub use beside::Beside;
pub use operate::AtWork;
pub use service::{Remote, RemoteFault, Surroundings};

use vouchmq_identity::Unavailable;

use crate::transport::Lost;

/// What a question without an answer means for the client that it is about.
fn unavailable(lost: &Lost) -> Unavailable {
    match lost {
        Lost::TimedOut { .. } => Unavailable::TimedOut,
        Lost::TooManyWait { .. } => Unavailable::Busy,
        Lost::TooLong { .. } | Lost::Garbage { .. } | Lost::NotSigned { .. } => Unavailable::NotUnderstood,
        Lost::NoConnection { .. }
        | Lost::Tls { .. }
        | Lost::BrokenOff { .. }
        | Lost::BreakerOpen { .. }
        | Lost::AllBreakersOpen
        | Lost::NoRequest { .. } => Unavailable::NoService,
    }
}
