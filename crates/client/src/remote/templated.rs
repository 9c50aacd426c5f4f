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
use super::trial::{Exchange, Means, Outcome, Watch};
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
    /// Its key in the configuration.
    pub(super) what: &'static str,
    pub(super) template: RequestTemplate,
    pub(super) servers: Arc<Servers>,
    pub(super) tells: Tells,
    pub(super) watch: Watch,
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
        let said = login.ask(&values, deadline, |answer| answer::login(&self.mode, answer, self.clock.now()));
        let mut carried = match said.await {
            Ok(LoginAnswer::Allow(carried)) => carried,
            Ok(LoginAnswer::Deny(denial)) => return Ok(Settled::Deny(denial)),
            Ok(LoginAnswer::NotMine) => return Ok(Settled::NotMine),
            Err(why) => return why.settled(),
        };
        if let Some(superuser) = self.superuser.as_ref().filter(|_| !carried.is_superuser) {
            let said = superuser.ask(&values, deadline, |answer| answer::superuser(&self.mode, answer));
            carried.is_superuser = match said.await {
                Ok(is_superuser) => is_superuser,
                Err(why) => return why.settled(),
            };
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
        match acl.ask(values, deadline, |answer| answer::permission(&self.mode, answer)).await {
            Ok(said) => Ok(said),
            Err(NoAnswer::NotSayable) => Ok(Said::Deny),
            Err(NoAnswer::Unavailable(why)) => Err(why),
        }
    }
}

impl Asker {
    /// What is answered, as `read` reads it.
    async fn ask<T: Clone + Into<Means>>(
        &self,
        values: &Values<'_>,
        deadline: Instant,
        read: impl FnOnce(&Answer) -> Result<T, NotUnderstood> + Send,
    ) -> Result<T, NoAnswer> {
        let began = Instant::now();
        let seen = |outcome| Exchange {
            asks: self.what,
            request: self.template.shown(values),
            took: began.elapsed(),
            outcome,
        };
        let question = match self.template.render(values) {
            Ok(question) => question,
            Err(fault) => {
                self.watch.sees(|| seen(Outcome::NotSayable(fault)));
                return Err(NoAnswer::NotSayable);
            }
        };
        let answer = match self.servers.ask(&question, Repeats::OnAnotherServer, deadline).await {
            Ok(answer) => answer,
            Err(lost) => {
                let why = unavailable(&lost);
                self.watch.sees(|| seen(Outcome::Lost(lost)));
                return Err(NoAnswer::Unavailable(why));
            }
        };
        let said = read(&answer);
        self.watch.sees(|| seen(Outcome::answered(&self.servers, &answer, said.clone().map(Into::into))));
        said.map_err(|fault| NoAnswer::Unavailable(not_understood(self.what, &fault)))
    }
}

impl NoAnswer {
    /// What it means for who wants to connect.
    fn settled(self) -> Result<Settled, Unavailable> {
        match self {
            Self::NotSayable => Ok(Settled::Deny(Denial::ServiceNotAllowed)),
            Self::Unavailable(why) => Err(why),
        }
    }
}

/// An answer that nobody understands lets nobody in, and says to operators what is wrong with it.
fn not_understood(what: &'static str, fault: &NotUnderstood) -> Unavailable {
    tracing::warn!(question = what, %fault, "the authentication service answers what cannot be understood");
    Unavailable::NotUnderstood
}
