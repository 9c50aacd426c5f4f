//! Questions by template, as NanoMQ and EMQX ask them.

use std::sync::Arc;

use tokio::time::Instant;
use vouchmq_identity::acl::Said;
use vouchmq_identity::{AuthRequest, Clock, Denial, Unavailable};

use super::answer::{self, LoginAnswer, NotUnderstood};
use super::options::AnswerMode;
use super::settled::Settled;
use super::tells::Tells;
use super::template::RequestTemplate;
use super::unavailable;
use super::values::Values;
use crate::transport::{Answer, Repeats, Servers};

/// A service that is asked by template.
pub(super) struct Templated {
    pub(super) mode: AnswerMode,
    pub(super) login: Option<Asker>,
    pub(super) superuser: Option<Asker>,
    pub(super) acl: Option<Asker>,
    pub(super) clock: Arc<dyn Clock>,
}

/// One kind of question, and who is asked.
pub(super) struct Asker {
    pub(super) template: RequestTemplate,
    pub(super) servers: Arc<Servers>,
    pub(super) tells: Tells,
}

/// Why there is no answer that means something.
pub(super) enum NoAnswer {
    /// The client says what no request can hold.
    NotSayable,
    /// Nobody answers, or not as they must.
    Unavailable(Unavailable),
}

impl Templated {
    /// Who a client is.
    pub(super) async fn login(
        &self,
        request: &AuthRequest,
        deadline: Instant,
    ) -> Result<Settled, Unavailable> {
        let Some(login) = &self.login else { return Ok(Settled::NotMine) };
        let values = Values::of(request);
        let answer = match login.ask(&values, deadline).await {
            Ok(answer) => answer,
            Err(NoAnswer::NotSayable) => return Ok(Settled::Deny(Denial::ServiceNotAllowed)),
            Err(NoAnswer::Unavailable(why)) => return Err(why),
        };
        let said = answer::login(&self.mode, &answer, self.clock.now());
        let mut carried = match said.map_err(|fault| not_understood("auth_req", &fault))? {
            LoginAnswer::Allow(carried) => carried,
            LoginAnswer::Deny(denial) => return Ok(Settled::Deny(denial)),
            LoginAnswer::NotMine => return Ok(Settled::NotMine),
        };
        if let Some(superuser) = self.superuser.as_ref().filter(|_| !carried.is_superuser) {
            let answer = match superuser.ask(&values, deadline).await {
                Ok(answer) => answer,
                Err(NoAnswer::NotSayable) => return Ok(Settled::Deny(Denial::ServiceNotAllowed)),
                Err(NoAnswer::Unavailable(why)) => return Err(why),
            };
            let said = answer::superuser(&self.mode, &answer);
            carried.is_superuser = said.map_err(|fault| not_understood("super_req", &fault))?;
        }
        Ok(Settled::allowed(carried))
    }

    /// Whether a client may do what its values say.
    pub(super) async fn permission(
        &self,
        values: &Values<'_>,
        deadline: Instant,
    ) -> Result<Said, Unavailable> {
        let Some(acl) = &self.acl else { return Ok(Said::Nothing) };
        match acl.ask(values, deadline).await {
            Ok(answer) => {
                answer::permission(&self.mode, &answer).map_err(|fault| not_understood("acl_req", &fault))
            }
            Err(NoAnswer::NotSayable) => Ok(Said::Deny),
            Err(NoAnswer::Unavailable(why)) => Err(why),
        }
    }
}

impl Asker {
    async fn ask(&self, values: &Values<'_>, deadline: Instant) -> Result<Answer, NoAnswer> {
        let question = self.template.render(values).map_err(|_| NoAnswer::NotSayable)?;
        let answer = self.servers.ask(&question, Repeats::OnAnotherServer, deadline).await;
        answer.map_err(|lost| NoAnswer::Unavailable(unavailable(&lost)))
    }
}

/// An answer that nobody understands lets nobody in, and says to operators what is wrong with it.
fn not_understood(what: &'static str, fault: &NotUnderstood) -> Unavailable {
    tracing::warn!(question = what, %fault, "the authentication service answers what cannot be understood");
    Unavailable::NoService
}
