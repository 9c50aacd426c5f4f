//! What was asked and answered so far.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Value, json};

/// What was asked and answered so far.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Connections.
    pub(super) connections: Gauge,
    /// Questions that are not answered yet.
    pub(super) questions: Gauge,
    asked: RefCell<BTreeMap<&'static str, u64>>,
    answered: RefCell<BTreeMap<&'static str, u64>>,
    faults: RefCell<BTreeMap<String, u64>>,
}

/// Things that begin and end.
#[derive(Debug, Default)]
pub(super) struct Gauge(Rc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    now: Cell<u64>,
    ever: Cell<u64>,
    most: Cell<u64>,
}

/// A thing that has begun, and ends when this is dropped.
#[derive(Debug)]
pub(super) struct Begun(Rc<Numbers>);

impl Counts {
    /// A question of this kind came.
    pub(super) fn ask(&self, kind: &'static str) {
        *self.asked.borrow_mut().entry(kind).or_default() += 1;
    }

    /// This was answered.
    pub(super) fn answer(&self, what: &'static str) {
        *self.answered.borrow_mut().entry(what).or_default() += 1;
    }

    /// A question met this fault.
    pub(super) fn fault(&self, fault: &str) {
        if let Some(count) = self.faults.borrow_mut().get_mut(fault) {
            *count += 1;
            return;
        }
        self.faults.borrow_mut().insert(fault.to_owned(), 1);
    }

    /// All of them.
    pub(super) fn json(&self) -> Value {
        json!({
            "requests": *self.asked.borrow(),
            "answers": *self.answered.borrow(),
            "faults": *self.faults.borrow(),
            "connections": self.connections.json(),
            "in_flight": self.questions.json(),
        })
    }
}

impl Gauge {
    /// One more.
    pub(super) fn begin(&self) -> Begun {
        let Numbers { now, ever, most } = &*self.0;
        now.set(now.get() + 1);
        ever.set(ever.get() + 1);
        most.set(most.get().max(now.get()));
        Begun(self.0.clone())
    }

    fn json(&self) -> Value {
        let Numbers { now, ever, most } = &*self.0;
        json!({ "now": now.get(), "ever": ever.get(), "most": most.get() })
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.now.set(self.0.now.get() - 1);
    }
}
