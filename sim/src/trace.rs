//! What happened, for people to read, and as a digest for machines to compare.

use vouchmq_mqtt::time::Timestamp;

/// Where the lines of a trace go.
pub type Sink = Box<dyn FnMut(Timestamp, &str)>;

/// The trace of one run. Lines are made only when somebody reads them; the digest always is.
pub(crate) struct Trace {
    sink: Option<Sink>,
    digest: u64,
}

impl Trace {
    pub(crate) fn new(sink: Option<Sink>) -> Self {
        Self { sink, digest: 0xCBF2_9CE4_8422_2325 }
    }

    /// Tells what happens at `now`.
    pub(crate) fn note(&mut self, now: Timestamp, line: impl FnOnce() -> String) {
        if let Some(sink) = &mut self.sink {
            sink(now, &line());
        }
    }

    /// Folds bytes that crossed the network into the digest: two runs with the same digest were the same.
    pub(crate) fn digest_bytes(&mut self, now: Timestamp, bytes: &[u8]) {
        self.digest_number(now.micros());
        for byte in bytes {
            self.fold(u64::from(*byte));
        }
    }

    pub(crate) fn digest_number(&mut self, number: u64) {
        self.fold(number);
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    fn fold(&mut self, number: u64) {
        self.digest = (self.digest ^ number).wrapping_mul(0x0000_0100_0000_01B3);
    }
}
