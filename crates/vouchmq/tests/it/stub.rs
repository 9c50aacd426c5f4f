//! `vouchmq bench auth-stub`, as a broker sees it.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use tempfile::TempDir;
use vouchmq_tls::{Client, ClientOptions};

use crate::process::{DEADLINE, Running, run};

/// A stub; it is ended when this is dropped.
pub(crate) struct Stub {
    process: Running,
    pub(crate) address: String,
}

impl Stub {
    pub(crate) fn start(flags: &[&str]) -> Self {
        let mut process = Running::start(&[&["bench", "auth-stub"], flags].concat());
        let line = process.wait_for("listening on http");
        let address = line.split("://").nth(1).unwrap().to_owned();
        Self { process, address }
    }

    /// Starts one where another one was.
    pub(crate) fn start_at(address: &str, flags: &[&str]) -> Self {
        Self::start(&[&["--listen", address], flags].concat())
    }

    /// Ends it in an instant; where it was.
    pub(crate) fn kill(mut self) -> String {
        self.process.kill();
        self.address.clone()
    }

    /// From now on it does this; `None`: what it should.
    pub(crate) fn fail(&self, fault: Option<&str>) {
        let told = fault.map_or_else(|| "{}".to_owned(), |fault| format!(r#"{{"fault":"{fault}"}}"#));
        self.control("POST", "/stub/fault", &told);
    }

    /// The newest question, as it came.
    pub(crate) fn newest(&self) -> String {
        self.control("GET", "/stub/newest", "")
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// Asks on a connection of its own, which the stub closes.
    fn ask(&self, method: &str, target: &str, body: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request(method, target, body, "Connection: close\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn login(&self, user: &str, password: &str) -> String {
        self.ask("POST", "/mqtt/login", &login(user, password))
    }

    fn control(&self, method: &str, target: &str, body: &str) -> String {
        let answer = self.ask(method, target, body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    pub(crate) fn counts(&self) -> Value {
        serde_json::from_str(&self.control("GET", "/stub/counts", "")).unwrap()
    }
}

fn login(user: &str, password: &str) -> String {
    format!(r#"{{"clientid":"c","username":"{user}","password":"{password}"}}"#)
}

fn request(method: &str, target: &str, body: &str, more: &str) -> String {
    let length = body.len();
    format!(
        "{method} {target} HTTP/1.1\r\nHost: stub\r\nContent-Type: application/json\r\n{more}Content-Length: \
         {length}\r\n\r\n{body}"
    )
}

/// Status and body.
fn told(answer: &str) -> (&str, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap(), body)
}

#[test]
fn verdicts_are_told_by_status() {
    let stub = Stub::start(&["--password", "right", "--deny", "out", "--superuser", "root"]);
    assert_eq!(told(&stub.login("a", "right")), ("200", ""));
    assert_eq!(told(&stub.login("a", "wrong")), ("401", ""));
    assert_eq!(told(&stub.login("out", "right")), ("403", ""));
    assert_eq!(told(&stub.ask("GET", "/?username=a&password=right", "")), ("200", ""));
    assert_eq!(told(&stub.ask("POST", "/mqtt/superuser", &login("root", ""))), ("200", ""));
    assert_eq!(told(&stub.ask("POST", "/mqtt/superuser", &login("a", ""))), ("403", ""));
}

#[test]
fn verdicts_are_told_in_json() {
    let stub = Stub::start(&[
        "--protocol",
        "json",
        "--password",
        "right",
        "--superuser",
        "root",
        "--fields",
        r#"{"expire_at":1893456000}"#,
        "--header",
        "Cache-Control: max-age=2",
    ]);
    let answer = stub.login("root", "right");
    let (status, body) = told(&answer);
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((status, &body["result"], &body["is_superuser"]), ("200", &"allow".into(), &true.into()));
    assert_eq!(body["expire_at"], 1_893_456_000);
    assert!(answer.contains("\r\nCache-Control: max-age=2\r\n"), "{answer}");
    assert_eq!(told(&stub.login("root", "wrong")), ("200", r#"{"result":"deny"}"#));
}

#[test]
fn each_fault_is_what_it_says() {
    let stub = Stub::start(&["--protocol", "json"]);
    let with = |fault: &str| {
        stub.fail(Some(fault));
        stub.login("a", "b")
    };
    assert!(with("html").contains("content-type: text/html"));
    assert_eq!(told(&with("empty-200")), ("200", ""));
    assert!(with("redirect").starts_with("HTTP/1.1 302 Found\r\nlocation: "));
    assert!(with("wrong-content-type").contains("content-type: text/plain\r\n"));
    assert!(with("wrong-content-type").contains("\"allow\""));
    assert_eq!(told(&with("500")).0, "500");
    assert_eq!(told(&with("503")).0, "503");
    assert!(!with("garbage").starts_with("HTTP"));
    assert!(with("huge-body").len() > 8_000_000);
    let counts = stub.counts();
    assert_eq!((&counts["faults"]["wrong-content-type"], &counts["faults"]["500"]), (&2.into(), &1.into()));
    assert_eq!(counts["requests"]["login"], 9);
}

#[test]
fn a_reset_is_a_reset_and_a_hang_is_silence() {
    let stub = Stub::start(&["--fault", "reset"]);
    let ask = || {
        let mut stream = stub.connect();
        stream.write_all(request("POST", "/login", &login("a", "b"), "").as_bytes()).unwrap();
        stream
    };
    let error = ask().read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    stub.control("POST", "/stub/fault", r#"{"fault":"hang","share":1.0}"#);
    let hanging = ask();
    let mut other = ask();
    while stub.counts()["faults"]["hang"] != 2 {}
    assert_eq!(stub.counts()["in_flight"]["now"], 2);
    stub.fail(None);
    assert_eq!(told(&stub.login("a", "b")).0, "200", "others are answered again");
    other.set_nonblocking(true).unwrap();
    assert_eq!(other.read(&mut [0; 16]).unwrap_err().kind(), ErrorKind::WouldBlock);
    drop((hanging, other));
    while stub.counts()["in_flight"]["now"] != 0 {}
}

#[test]
fn questions_of_one_connection_are_answered_in_order_after_the_delay() {
    let stub = Stub::start(&["--protocol", "json", "--delay", "10ms", "--deny", "b"]);
    let mut stream = stub.connect();
    let three = ["a", "b", "c"].map(|user| request("POST", "/login", &login(user, "x"), ""));
    stream.write_all(three.concat().as_bytes()).unwrap();
    let mut answers = String::new();
    let mut buffer = [0; 4096];
    while answers.matches("\"result\"").count() < 3 {
        let count = stream.read(&mut buffer).unwrap();
        assert_ne!(count, 0, "{answers}");
        answers.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    let verdicts: Vec<_> = answers.split("\"result\":\"").skip(1).map(|rest| &rest[..1]).collect();
    assert_eq!(verdicts, ["a", "d", "a"], "allow, deny, allow");
    let counts = stub.counts();
    assert_eq!((&counts["connections"]["ever"], &counts["in_flight"]["most"]), (&2.into(), &3.into()));
}

#[test]
fn the_newest_question_is_shown_as_it_came() {
    let stub = Stub::start(&[]);
    let asked = request("POST", "/x?y=1", &login("a\\nb", "%P"), "X-More: 1\r\n");
    let mut stream = stub.connect();
    stream.write_all(asked.as_bytes()).unwrap();
    assert_ne!(stream.read(&mut [0; 16]).unwrap(), 0);
    assert_eq!(stub.newest(), asked);
}

#[test]
fn a_share_of_the_questions_meets_a_fault() {
    let stub = Stub::start(&["--fault", "500", "--fault-share", "0.25"]);
    let statuses: Vec<_> = (0..8).map(|_| told(&stub.login("a", "b")).0.to_owned()).collect();
    assert_eq!(statuses, ["200", "200", "200", "500", "200", "200", "200", "500"]);
    let refused = stub.ask("POST", "/stub/fault", r#"{"fault":"unheard-of"}"#);
    assert_eq!(told(&refused).0, "400");
}

#[test]
fn it_speaks_tls_with_the_certificate_that_it_is_given() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    run(&["cert", "self-signed", "--out", path]).code(0);
    let file = |name: &str| folder.path().join(name);
    let (certificate, key) = (file("server.crt"), file("server.key"));
    let stub = Stub::start(&[
        "--cert",
        certificate.to_str().unwrap(),
        "--key",
        key.to_str().unwrap(),
        "--delay",
        "1ms",
    ]);
    let options = ClientOptions { authorities: Some(certificate), ..ClientOptions::default() };
    let mut session = Client::load(&options).unwrap().begin("localhost").unwrap();
    let mut stream = stub.connect();
    let asked = request("POST", "/login", &login("a", "b"), "");
    let (mut answer, mut is_asked) = (Vec::new(), false);
    while !answer.starts_with(b"HTTP/1.1 200") {
        while session.wants_write() {
            session.write_tls(&mut stream).unwrap();
        }
        if !session.is_handshaking() && !is_asked {
            session.write(&[std::io::IoSlice::new(asked.as_bytes())]).unwrap();
            is_asked = true;
            continue;
        }
        assert_ne!(session.read_tls(&mut stream).unwrap(), 0);
        session.process().unwrap();
        let mut buffer = [0; 4096];
        if let Ok(count) = session.read(&mut buffer) {
            answer.extend_from_slice(&buffer[..count]);
        }
    }
}
