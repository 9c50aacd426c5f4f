//! What is between two machines: it passes bytes on, holds them back, or is cut.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// Passes on whatever comes, both ways, until this is dropped.
pub(super) struct Relay {
    pub(super) address: String,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    has_changed: Condvar,
}

struct State {
    target: String,
    mode: Mode,
    streams: Vec<TcpStream>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Open,
    /// Connections are made, and nothing passes.
    Held,
    /// There are no connections.
    Cut,
    Over,
}

impl Relay {
    pub(super) fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = State { target: target.to_owned(), mode: Mode::Open, streams: Vec::new() };
        let shared = Arc::new(Shared { state: Mutex::new(state), has_changed: Condvar::new() });
        let relaying = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                match relaying.state().mode {
                    Mode::Open | Mode::Held => {}
                    Mode::Cut => continue,
                    Mode::Over => break,
                }
                relaying.connect(&stream);
            }
        });
        Self { address, shared }
    }

    /// Ends all connections, and lets none be made.
    pub(super) fn cut(&self) {
        self.shared.turn(Mode::Cut);
    }

    /// Lets nothing pass, but keeps connections.
    pub(super) fn hold(&self) {
        self.shared.turn(Mode::Held);
    }

    pub(super) fn open(&self) {
        self.shared.turn(Mode::Open);
    }

    /// Leads somewhere else from now on.
    pub(super) fn lead_to(&self, target: &str) {
        target.clone_into(&mut self.shared.state().target);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.turn(Mode::Over);
        // Whoever accepts looks up.
        let _ = TcpStream::connect(&self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn turn(&self, mode: Mode) {
        let mut state = self.state();
        state.mode = mode;
        if matches!(mode, Mode::Cut | Mode::Over) {
            // One that has ended cannot be ended.
            state.streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        }
        self.has_changed.notify_all();
    }

    fn connect(self: &Arc<Self>, near: &TcpStream) {
        let target = self.state().target.clone();
        // Where nobody listens the connection ends.
        let Ok(far) = TcpStream::connect(target) else { return };
        let mut state = self.state();
        for stream in [near, &far] {
            stream.set_nodelay(true).unwrap();
            state.streams.push(stream.try_clone().unwrap());
        }
        for (from, to) in [(near, &far), (&far, near)] {
            let (from, to, this) = (from.try_clone().unwrap(), to.try_clone().unwrap(), self.clone());
            thread::spawn(move || this.pass(from, to));
        }
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = vec![0; 65_536];
        while let Ok(len @ 1..) = from.read(&mut bytes) {
            let held = |state: &mut State| state.mode == Mode::Held;
            drop(self.has_changed.wait_while(self.state(), held).unwrap());
            if to.write_all(&bytes[..len]).is_err() {
                break;
            }
        }
        // One that has ended cannot be ended.
        let _ = (to.shutdown(Shutdown::Both), from.shutdown(Shutdown::Both));
    }
}
