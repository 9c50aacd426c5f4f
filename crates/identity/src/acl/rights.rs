use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use vouchmq_mqtt::topic::matches;
use vouchmq_mqtt::{
    Attempt, Authorize, FilterRef, Grant, Inquired, InquiryReply, Permission, QoS, TopicFilter,
};

use super::carried::CarriedRights;
use super::own::OwnRules;
use super::service::{AskPermission, Said, SaidReply};
use super::{Access, CarriedAcl, Effect, Index, Names};

#[cfg(test)]
mod tests;

/// What a client may do for whom an authentication service vouches: what it said, and the rules of the files.
///
/// The first line that applies decides:
///
/// | | |
/// |---|---|
/// | a rule of the files denies | denied |
/// | it publishes to a topic that begins with `$`, and no rule of the files names that | denied |
/// | it is a superuser | allowed |
/// | a rule that came with its login fits | as that says |
/// | rules came with its login, and they are a map or those of our own service | denied |
/// | a rule of the files allows | allowed |
/// | the service is asked, and allows or denies | as it says |
/// | the service is asked, and cannot be | refused as unavailable |
/// | nobody says anything | `no_match` of the files |
///
/// Where there are no rules in files, what holds for every client is their `no_match`; where there is an ACL file of
/// Mosquitto, its end is.
///
/// A subscription is judged as the filter that it is. A line that is about all of it decides; one that denies part of
/// it has its messages checked one by one, whatever follows; one that allows part of it decides nothing. Nobody is
/// asked about messages: through a subscription that the service granted, all come that no rule denies.
pub struct Rights(Arc<Inner>);

/// Of what [`Rights`] are made.
#[derive(Clone, Copy)]
pub struct RightsOf<'a> {
    /// The client.
    pub names: &'a Names<'a>,
    /// Whether the service says that it may do everything.
    pub is_superuser: bool,
    /// The rules that came with its login.
    pub carried: Option<&'a CarriedAcl>,
    /// Who is asked where nobody says anything; `None`: nobody is.
    pub service: Option<&'a Arc<dyn AskPermission>>,
}

struct Inner {
    own: OwnRules,
    is_superuser: bool,
    carried: Option<CarriedRights>,
    service: Option<Arc<dyn AskPermission>>,
    /// What the service granted, the latest last.
    granted: Mutex<VecDeque<TopicFilter>>,
}

/// Of these as many are known of one client.
const GRANTED_MAX: usize = 2_048;

/// What a subscription comes to, by what is known.
enum Outcome {
    Is(Grant),
    /// The service has to be asked: what it comes to if it allows, and if it says nothing.
    Asked {
        allowed: Grant,
        nothing: Grant,
        /// Whether what it comes to if it says nothing is all of it, but for what rules deny.
        nothing_is_all: bool,
    },
}

// === impl Rights ===

impl Rights {
    /// Those of one client, where the files say this; `index` is one of their rules.
    pub(crate) fn new(of: RightsOf<'_>, access: &Access, index: Option<&Index>) -> Self {
        let RightsOf { names, is_superuser, carried, service } = of;
        Self(Arc::new(Inner {
            own: OwnRules::new(access, index, names),
            is_superuser,
            carried: carried.map(|carried| carried.rights_of(names)),
            service: service.cloned(),
            granted: Mutex::default(),
        }))
    }
}

impl Authorize for Rights {
    fn publish(&self, topic: &str, qos: QoS, retain: bool) -> Permission {
        let known = || self.0.service.as_ref()?.known(Attempt::Publish { topic, qos, retain });
        match self.0.publication(topic, qos, retain).known(known) {
            Grant::Whole => Permission::Allowed,
            Grant::Asked => Permission::Asked,
            Grant::PerMessage | Grant::Denied => Permission::Denied,
        }
    }

    fn subscribe(&self, filter: FilterRef<'_>, share: Option<&str>) -> Grant {
        self.0.subscription_of_any_qos(filter, share)
    }

    fn receive(&self, topic: &str) -> Permission {
        self.0.message(topic)
    }

    fn inquire(&self, attempt: Attempt<'_>, reply: InquiryReply) {
        let (outcome, filter) = match attempt {
            Attempt::Publish { topic, qos, retain } => (self.0.publication(topic, qos, retain), None),
            Attempt::Subscribe { filter, share, qos } => {
                (self.0.subscription(filter, share, Some(qos)), Some(filter))
            }
        };
        let filter = filter.map(FilterRef::to_owned);
        let (allowed, nothing, nothing_is_all) = match outcome {
            Outcome::Is(grant) => return reply.answer(Inquired::Granted(grant)),
            Outcome::Asked { allowed, nothing, nothing_is_all } => (allowed, nothing, nothing_is_all),
        };
        let Some(service) = &self.0.service else { return drop(reply) };
        let known = service.known(attempt);
        let inner = Arc::clone(&self.0);
        let said = SaidReply::new(move |said| {
            reply.answer(said.map_or(Inquired::Unavailable, |said| {
                let is_all = said == Said::Allow || said == Said::Nothing && nothing_is_all;
                let filter = filter.filter(|_| is_all);
                Inquired::Granted(inner.granted(filter, said.grant(allowed, nothing)))
            }));
        });
        match known {
            Some(known) => said.answer(known),
            None => service.ask(attempt, said),
        }
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { own, is_superuser, carried, service, granted: _ } = &*self.0;
        f.debug_struct("Rights")
            .field("own", own)
            .field("is_superuser", is_superuser)
            .field("carried", carried)
            .field("has_service", &service.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RightsOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RightsOf").field("names", self.names).finish_non_exhaustive()
    }
}

// === impl Inner ===

impl Inner {
    /// What is said about one message, before the service is asked: `None` if nothing is.
    fn said(
        &self,
        own: Option<Effect>,
        carried: impl Fn(&CarriedRights) -> Option<Effect>,
    ) -> Option<Effect> {
        if own == Some(Effect::Deny) {
            return own;
        }
        if self.is_superuser {
            return Some(Effect::Allow);
        }
        let Some(rights) = &self.carried else { return own };
        carried(rights).or_else(|| rights.is_closed().then_some(Effect::Deny)).or(own)
    }

    fn publication(&self, topic: &str, qos: QoS, retain: bool) -> Outcome {
        let own = self.own.on_publish(topic, qos, retain);
        if topic.starts_with('$') && own != Some(Effect::Allow) {
            return Outcome::Is(Grant::Denied);
        }
        match self.said(own, |carried| carried.on_publish(topic, qos, retain)) {
            Some(Effect::Allow) => Outcome::Is(Grant::Whole),
            Some(Effect::Deny) => Outcome::Is(Grant::Denied),
            None => self.unsaid(Grant::Whole, self.own.no_match_on_publish(topic, qos, retain), true),
        }
    }

    /// Never asks: see [`Rights`].
    fn message(&self, topic: &str) -> Permission {
        let effect = self.said(self.own.on_receive(topic), |carried| carried.on_receive(topic));
        match effect {
            Some(Effect::Allow) => Permission::Allowed,
            Some(Effect::Deny) => Permission::Denied,
            None if self.service.is_none() => self.own.no_match_on_receive(topic),
            None if self.is_granted(topic) => Permission::Allowed,
            None => Permission::Denied,
        }
    }

    /// `qos` is `None` where it is not known: what depends on it allows nothing and denies.
    fn subscription(&self, filter: FilterRef<'_>, share: Option<&str>, qos: Option<QoS>) -> Outcome {
        let own = self.own.on_subscribe(filter);
        if own.decides == Some(Effect::Deny) {
            return Outcome::Is(self.own.denied(own.is_partly_allowed));
        }
        let mut is_partly_denied = own.is_partly_denied;
        let mut is_partly_allowed = own.is_partly_allowed;
        let checked = |is_partly_denied| if is_partly_denied { Grant::PerMessage } else { Grant::Whole };
        if self.is_superuser {
            return Outcome::Is(checked(is_partly_denied));
        }
        if let Some(rights) = &self.carried {
            let carried = rights.on_subscribe(filter, qos);
            is_partly_denied |= carried.is_partly_denied;
            is_partly_allowed |= carried.is_partly_allowed;
            match carried.decides {
                Some(Effect::Allow) => return Outcome::Is(checked(is_partly_denied)),
                Some(Effect::Deny) => return Outcome::Is(Grant::Denied),
                None if rights.is_closed() => return Outcome::Is(Grant::Denied),
                None => {}
            }
        }
        if own.decides == Some(Effect::Allow) {
            return Outcome::Is(checked(is_partly_denied));
        }
        let no_match = self.own.no_match_on_subscribe(filter, share, is_partly_allowed);
        let allowed = checked(is_partly_denied);
        let nothing = if no_match == Grant::Whole { allowed } else { no_match };
        self.unsaid(allowed, nothing, no_match == Grant::Whole)
    }

    fn subscription_of_any_qos(&self, filter: FilterRef<'_>, share: Option<&str>) -> Grant {
        let grant = |qos| self.subscription(filter, share, qos).known(|| None);
        if !self.carried.as_ref().is_some_and(CarriedRights::has_qos) {
            return grant(None);
        }
        let first = grant(Some(QoS::AtMostOnce));
        let others = [QoS::AtLeastOnce, QoS::ExactlyOnce];
        if others.into_iter().all(|qos| grant(Some(qos)) == first) { first } else { Grant::Asked }
    }

    fn unsaid(&self, allowed: Grant, nothing: Grant, nothing_is_all: bool) -> Outcome {
        match self.service {
            Some(_) => Outcome::Asked { allowed, nothing, nothing_is_all },
            None => Outcome::Is(nothing),
        }
    }

    /// Remembers what messages are let through by: also of a subscription as a whole, as what was kept for it is judged
    /// one by one.
    fn granted(&self, filter: Option<TopicFilter>, grant: Grant) -> Grant {
        let is_granted = matches!(grant, Grant::Whole | Grant::PerMessage);
        let Some(filter) = filter.filter(|_| is_granted) else { return grant };
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        if !granted.contains(&filter) {
            if granted.len() >= GRANTED_MAX {
                // A client has fewer subscriptions: this one is likely to be over.
                granted.pop_front();
            }
            granted.push_back(filter);
        }
        grant
    }

    fn is_granted(&self, topic: &str) -> bool {
        let granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        granted.iter().any(|filter| matches(filter.as_filter(), topic))
    }
}

// === impl Outcome ===

impl Outcome {
    /// What it comes to if the service said this before.
    fn known(&self, known: impl FnOnce() -> Option<Said>) -> Grant {
        match *self {
            Self::Is(grant) => grant,
            Self::Asked { allowed, nothing, nothing_is_all: _ } => {
                known().map_or(Grant::Asked, |said| said.grant(allowed, nothing))
            }
        }
    }
}
