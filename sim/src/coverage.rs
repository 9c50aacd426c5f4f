//! What a run exercised: an oracle that never had anything to judge must not look like one that passed.

macro_rules! behaviours {
    ($($name:ident $text:literal;)+) => {
        /// Something that a run may exercise.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Behaviour {
            $(#[doc = $text] $name,)+
        }

        impl Behaviour {
            /// All of them, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What it is.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

behaviours! {
    Connected "clients let in";
    Moved "connections moved to the owner of the client id";
    Refused "clients refused, with the reason that was decided";
    Undecided "clients refused because no verdict came";
    Reauthenticated "clients authenticated again while connected";
    TakenOver "takeovers, the older connection told 0x8E";
    Resumed "sessions resumed";
    Expired "sessions ended by their expiry";
    Repermitted "connected clients given another permit";
    Inquired "packets and wills about which others were asked";
    RightsUnknown "refusals and losses because nobody could say what is allowed";
    PermitEnded "clients closed when their permit ended";
    KeptAlive "silent clients closed after one and a half keep-alives";
    Throttled "clients not read from because they were too fast";
    Stalled "receivers closed that took nothing";
    Aborted "connections given up that took no goodbye";
    Mute "connections without CONNECT closed at the deadline";
    OperatorClosed "clients disconnected by the operator";
    LinkReset "connections cut at any byte";
    LinkVanished "clients gone without a word";
    Granted "subscriptions granted";
    GrantDenied "subscriptions refused: not authorized";
    GrantOverQuota "subscriptions refused: 0x97";
    Unsubscribed "subscriptions ended";
    AtMostOnce "QoS 0 delivered once";
    AtLeastOnce "QoS 1 owed to a session, and delivered";
    ExactlyOnce "QoS 2 owed to a session, and delivered once";
    Redelivered "messages sent again with DUP";
    Repeated "publishes repeated with DUP by their publisher";
    Overlapping "deliveries for several subscriptions at once";
    Identified "deliveries with Subscription Identifiers";
    NoLocal "own messages held back by No Local";
    Ordered "deliveries judged for order";
    GapJudged "messages in front of a delivery judged as delivered or excused";
    ExpiryCounted "deliveries with a Message Expiry Interval";
    ExpiredInQueue "messages excused because they expired";
    TooLarge "messages excused because the packet is too large";
    DeliveryDenied "messages excused because the client may not receive them";
    QueueFullExcused "messages excused by a full queue";
    RetainedFull "messages excused by a full store of retained ones";
    QueueFullTold "publishers told 0x97 about a full queue";
    NobodySubscribed "0x10 judged to be true";
    SomebodySubscribed "success judged to be true";
    PublishDenied "publishes refused: 0x87";
    AckAfterJournal "acknowledgements held against the journal";
    PacketIdInUse "a Packet Identifier in use answered by 0x91";
    PacketIdUnknown "an unknown Packet Identifier answered by 0x92";
    WindowFull "deliveries that filled the client's Receive Maximum";
    AliasDefined "topic aliases defined by the broker";
    AliasUsed "topic aliases used by the broker";
    AliasSent "topic aliases used by clients";
    SharedOnce "shared messages delivered to one member";
    SharedHandedOn "shared messages handed on when a session ended";
    SharedOnlineFirst "shared messages with a choice between online and offline members";
    WillPublished "wills published when due";
    WillDelayed "wills published after a delay";
    WillCancelled "wills cancelled by a resume or by DISCONNECT";
    RetainedStored "retained messages found by a fresh subscriber";
    RetainedCleared "topics found empty after a clear";
    Replayed "retained messages sent to new subscriptions";
    BrokerPublished "messages of the broker itself";
    MemoryShort "times of short memory";
    Drained "brokers shut down";
    Audited "looks at the state of every engine";
    LeakChecked "engines found empty at the end";
}

/// How often each behaviour was exercised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    counts: Vec<u64>,
}

impl Coverage {
    pub(crate) fn hit(&mut self, behaviour: Behaviour) {
        if let Some(count) = self.counts.get_mut(index(behaviour)) {
            *count += 1;
        }
    }

    /// How often `behaviour` was exercised.
    pub fn count(&self, behaviour: Behaviour) -> u64 {
        self.counts.get(index(behaviour)).copied().unwrap_or(0)
    }

    /// Adds what another run exercised.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }
}

impl Default for Coverage {
    fn default() -> Self {
        Self { counts: vec![0; Behaviour::ALL.len()] }
    }
}

fn index(behaviour: Behaviour) -> usize {
    behaviour as usize
}
