use std::sync::Arc;

use vouchmq_identity::resident::{Allowed, Judgement, Named, Resident};
use vouchmq_identity::{AuthRequest, Authenticator, Cost, Denial, DoorBook, Standing};

use super::Judge;

/// A [`Resident`] whose judgements are taken down, as those of the broker in this process are.
#[derive(Clone, Debug)]
pub struct Recorded {
    resident: Arc<Resident>,
    book: Arc<DoorBook>,
}

impl Recorded {
    /// Judges by `resident`, and takes down in `book`.
    pub const fn new(resident: Arc<Resident>, book: Arc<DoorBook>) -> Self {
        Self { resident, book }
    }
}

impl Judge for Recorded {
    fn cost(&self, request: &AuthRequest) -> Cost {
        Authenticator::cost(&*self.resident, request)
    }

    fn judge(&self, request: &AuthRequest) -> Judgement {
        let judgement = self.resident.judge(request);
        self.book.record(request, &judgement.verdict);
        judgement
    }

    fn permit(&self, named: &Named<'_>) -> Result<Allowed, Denial> {
        self.resident.permit(named)
    }

    fn judge_again(&self, standing: &Standing<'_>) -> Judgement {
        self.resident.judge_again(standing)
    }

    fn applied(&self) -> u64 {
        self.resident.applied()
    }

    fn when_applied(&self, sequence: u64, then: Box<dyn FnOnce() + Send>) {
        self.resident.when_applied(sequence, then);
    }
}
