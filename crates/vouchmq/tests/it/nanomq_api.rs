//! NanoMQ's `/api/v4`, as its scripts call it: by curl, and looked at field by field.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::configured::Configured;
use crate::process::{Running, run_in};

mod canary;
mod configuration;
mod confused;
mod control;
mod documented;
mod ordered;
mod replay;

/// A broker, and the login that its operator has.
struct Nanomq {
    broker: Configured,
    token: String,
}

/// What curl got.
#[derive(Debug)]
struct Got {
    status: u16,
    kind: String,
    body: String,
}

/// As NanoMQ's own file has it, and with everything in it that is secret.
const TEXT: &str = r#"
mqtt { property_size = 32, max_packet_size = 256KB, max_mqueue_len = 2048, retry_interval = 10s, keepalive_multiplier = 1.25 }
listeners.tcp.bind = "127.0.0.1:0"
listeners.ws.bind = "127.0.0.1:0/mqtt"
listeners.ssl {
    bind = "127.0.0.1:0"
    certfile = "{folder}/server.crt"
    keyfile = "{folder}/server.key"
    cacertfile = "{folder}/ca.crt"
    verify_peer = false
}
auth {
    allow_anonymous = false
    password { alice = "canary-of-alice", bob = "canary-of-bob" }
}
bridges.mqtt.emqx {
    server = "mqtt-tcp://broker.example:1883"
    proto_ver = 5
    username = "someone"
    password = "canary-of-the-bridge"
    forwards = [{ remote_topic = "fwd/topic1", local_topic = "topic1", qos = 1 }, { remote_topic = "fwd/topic2", local_topic = "topic2" }]
    subscription = [{ remote_topic = "cmd/topic1", local_topic = "topic1", qos = 1 }]
}
"#;

/// A service that is asked about clients that nobody else knows; nobody listens there.
const SERVICE: &str = r#"
auth.order = [registry, file, http]
auth.http_auth {
    timeout = 5s
    cache_ttl = 30s
    auth_req {
        url = "http://127.0.0.1:1/auth"
        method = POST
        headers { content-type = "application/json", x-api-key = "canary-of-the-service" }
        params { clientid = "%c", username = "%u", password = "%P" }
    }
}
"#;

impl Nanomq {
    fn start() -> Self {
        Self::with(&format!("{TEXT}{SERVICE}"))
    }

    fn with(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        run_in(folder.path(), &["cert", "ca"]).code(0);
        run_in(folder.path(), &["cert", "server", "localhost", "127.0.0.1"]).code(0);
        let broker = Configured::start_in(folder, text, &[]);
        let token = fs::read_to_string(broker.path("data/admin-token")).unwrap().trim().to_owned();
        Self { broker, token }
    }

    /// One request by curl, as the administrator.
    #[track_caller]
    fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Got {
        let login = format!("Authorization: Bearer {}", self.token);
        self.ask_as(Some(&login), method, path, body)
    }

    /// One request by curl, with this header field.
    #[track_caller]
    fn ask_as(&self, login: Option<&str>, method: &str, path: &str, body: Option<&str>) -> Got {
        let url = format!("{}/api/v4{path}", self.broker.api);
        let mut arguments = vec!["-X", method, url.as_str()];
        if let Some(login) = login {
            arguments.extend(["-H", login]);
        }
        if body.is_some() {
            // As a form, which is what curl says: scripts do not care.
            arguments.extend(["--data-binary", "@-"]);
        }
        curl(&arguments, body.unwrap_or_default())
    }

    /// Asks, and expects this status and this answer.
    #[track_caller]
    fn expect(&self, method: &str, path: &str, body: Option<&str>, status: u16, expected: &str) {
        let got = self.ask(method, path, body);
        assert_eq!(got.status, status, "{method} {path}: {got:?}");
        assert_eq!(got.kind, "application/json", "{method} {path}: {got:?}");
        ordered::assert_like(&got.body, expected, &format!("{method} {path}"));
    }

    /// A client that stays, as NanoMQ's documentation has one.
    fn client(&self) -> Running {
        let port = self.broker.port(0);
        let words = "sub -d -h 127.0.0.1 -i c1 -u alice -P canary-of-alice -V 5 -k 60 -t a/b -q 2";
        let mut words: Vec<&str> = words.split(' ').collect();
        words.extend(["-p", port, "--will-topic", "w", "--will-payload", "bye"]);
        let mut client = Running::start(&words);
        client.wait_for("received SUBACK");
        client
    }
}

/// Runs curl, with this as its input.
#[track_caller]
fn curl(arguments: &[&str], input: &str) -> Got {
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "20", "-w", "\n%{http_code} %{content_type}"]).args(arguments);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap_or_else(|error| panic!("curl does not start: {error}"));
    // Who is refused is told before all is read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let ran = child.wait_with_output().unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    let (body, told) = text.rsplit_once('\n').unwrap_or_else(|| panic!("curl: {:?}", ran.stderr));
    let (status, kind) = told.split_once(' ').unwrap_or((told, ""));
    Got { status: status.parse().unwrap(), kind: kind.to_owned(), body: body.to_owned() }
}
