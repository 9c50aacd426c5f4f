use std::sync::Arc;

use tokio::sync::oneshot;
use vouchmq_identity::model::{CredentialId, DeviceId};
use vouchmq_identity::{Farewell, Pending, Sessions, Whom};

use super::Control;
use crate::shard::mailbox::Message;
use crate::shard::{Errand, Round};

impl Control {
    /// Has the authenticator asked again about these connections: some end, some have other rights from then
    /// on. Yields how many were ended, when every shard is through.
    ///
    /// What clients are judged by is changed before this is called. The question is put at once, whether the
    /// future is polled or not.
    pub fn reconsider(&self, whom: Whom) -> impl Future<Output = usize> + Send + use<> {
        self.send_round(&whom, Errand::Reconsider)
    }

    /// Has every shard go through these connections, and yields how many were ended.
    pub(crate) fn send_round(
        &self,
        whom: &Whom,
        errand: Errand,
    ) -> impl Future<Output = usize> + Send + use<> {
        let mut answers = Vec::new();
        for mailbox in self.mailboxes.iter() {
            let (reply, answer) = oneshot::channel();
            mailbox.send(Message::Round(Box::new(Round::new(whom.clone(), errand, reply))));
            answers.push(answer);
        }
        async move {
            let mut ended_count = 0;
            for answer in answers {
                // A shard that has ended has nobody connected.
                ended_count += answer.await.unwrap_or(0);
            }
            ended_count
        }
    }
}

impl Sessions for Control {
    fn reconsider(&self, whom: Whom) -> Pending<'_, usize> {
        Box::pin(self.send_round(&whom, Errand::Reconsider))
    }

    fn disconnect(
        &self,
        whom: Whom,
        credential: Option<CredentialId>,
        farewell: Farewell,
    ) -> Pending<'_, usize> {
        Box::pin(self.send_round(&whom, Errand::Disconnect(credential, farewell)))
    }

    fn connected(&self, devices: Vec<DeviceId>) -> Pending<'_, Vec<bool>> {
        let devices: Arc<[DeviceId]> = devices.into();
        let count = devices.len();
        let answers = self.ask_all(move |view| -> Vec<bool> {
            devices.iter().map(|device| view.is_connected(device)).collect()
        });
        Box::pin(async move {
            let mut connected = vec![false; count];
            for answer in answers.await {
                for (known, here) in connected.iter_mut().zip(answer) {
                    *known |= here;
                }
            }
            connected
        })
    }
}
