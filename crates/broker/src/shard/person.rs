use std::collections::HashMap;

use smallvec::SmallVec;
use vouchmq_identity::Principal;
use vouchmq_identity::model::{CredentialId, DeviceId};
use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::Engine;

/// Who is at the other end of a connection, beside what its seat (the address) and the engine (the Client
/// Identifier) know.
#[derive(Debug, Default)]
pub(crate) struct Person {
    /// The User Name of its CONNECT, unless that is the name that was proven.
    username: Option<Box<str>>,
    /// Who it proved to be; `None` until it is let in.
    principal: Option<Principal>,
    /// It presents [what nobody guesses](super::exchange::is_beyond_guessing).
    is_beyond_guessing: bool,
}

/// The connections of devices, by device.
#[derive(Debug, Default)]
pub(super) struct Devices(HashMap<DeviceId, SmallVec<[ConnectionId; 1]>>);

impl Person {
    /// The client says a name, or none, and presents something that can be guessed or cannot.
    pub(super) fn says(&mut self, username: Option<&str>, is_beyond_guessing: bool) {
        self.username = username.map(Into::into);
        self.is_beyond_guessing = is_beyond_guessing;
    }

    /// Whether it presents what nobody guesses.
    pub(super) const fn is_beyond_guessing(&self) -> bool {
        self.is_beyond_guessing
    }

    /// The client is who it says.
    pub(super) fn proved(&mut self, principal: Principal) {
        if self.username.as_deref() == principal.user_name() {
            self.username = None;
        }
        self.principal = Some(principal);
    }

    pub(super) fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// The User Name; of a client that gave none the name that it proved.
    pub(crate) fn username(&self) -> Option<&str> {
        self.username.as_deref().or_else(|| self.principal.as_ref()?.user_name())
    }

    /// It has left: its name stays with its session. A stranger has none, whatever it said.
    pub(super) fn leave_name(&self, engine: &mut Engine, client_id: &str) {
        if let Some(username) = self.username().filter(|_| self.principal.is_some()) {
            engine.remember_username(client_id, username);
        }
    }

    pub(crate) fn device(&self) -> Option<&DeviceId> {
        match self.principal.as_ref()? {
            Principal::Device(device, _) => Some(device),
            Principal::Vouched(vouched) => vouched.device.as_ref(),
            Principal::User(_) | Principal::Anonymous => None,
        }
    }

    /// The credential of a device that was let in.
    pub(super) fn credential(&self) -> Option<CredentialId> {
        match self.principal.as_ref()? {
            Principal::Device(_, credential) => Some(*credential),
            Principal::Vouched(vouched) => vouched.credential,
            Principal::User(_) | Principal::Anonymous => None,
        }
    }
}

impl Devices {
    pub(super) fn insert(&mut self, device: DeviceId, id: ConnectionId) {
        self.0.entry(device).or_default().push(id);
    }

    pub(super) fn remove(&mut self, device: &DeviceId, id: ConnectionId) {
        let Some(connections) = self.0.get_mut(device) else { return };
        connections.retain(|known| *known != id);
        if connections.is_empty() {
            self.0.remove(device);
        }
    }

    pub(super) fn of(&self, device: &DeviceId) -> &[ConnectionId] {
        self.0.get(device).map_or(&[], |connections| connections)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(index: u32) -> ConnectionId {
        ConnectionId { index, generation: 1 }
    }

    #[test]
    fn a_device_without_a_connection_takes_no_place() {
        let mut devices = Devices::default();
        let (a, b): (DeviceId, DeviceId) = ("a".parse().unwrap(), "b".parse().unwrap());
        for (device, index) in [(&a, 1), (&a, 2), (&b, 3)] {
            devices.insert(device.clone(), id(index));
        }
        devices.remove(&a, id(1));
        devices.remove(&a, id(3));
        assert_eq!((devices.of(&a), devices.of(&b)), (&[id(2)][..], &[id(3)][..]));
        devices.remove(&a, id(2));
        devices.remove(&b, id(3));
        assert_eq!((devices.len(), devices.of(&a)), (0, &[][..]));
    }

    #[test]
    fn a_name_that_is_proven_is_kept_once() {
        let mut person = Person::default();
        person.says(Some("alice"), false);
        person.proved(Principal::User("alice".into()));
        assert_eq!((person.username(), &person.username), (Some("alice"), &None));
        let mut other = Person::default();
        other.says(Some("said"), false);
        other.proved(Principal::Anonymous);
        assert_eq!(other.username(), Some("said"));
    }

    /// What every connection keeps, and every device beside it.
    #[test]
    fn a_person_takes_little_memory() {
        assert!(size_of::<Person>() <= 64, "{}", size_of::<Person>());
        let of_device = size_of::<(DeviceId, SmallVec<[ConnectionId; 1]>)>();
        assert!(of_device <= 48, "{of_device}");
    }
}
