//! Mosquitto is asked what its own ACL and password files mean.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use vouchmq_identity::acl::{MosquittoAcl, Names};
use vouchmq_identity::{Authorize, Grant, Users};
use vouchmq_mqtt::FilterRef;

use crate::process::Running;
use crate::tool::tool;

/// A Mosquitto with an ACL file, for as long as its folder lives.
struct Theirs {
    process: Running,
    port: String,
    _folder: TempDir,
}

const PASSWORD: &str = "correct horse";

const FILE: &str = "\
# Rules of clients without a name.
topic read news/#
topic deny news/secret

user alice
topic read sensors/#
topic write commands/+
topic deny sensors/secret
topic read #
topic readwrite lab/ two words

user bob
topic deny private
topic readwrite #

user carol
topic write +/c1
topic deny dev/c1/up

user watcher
topic readwrite #

pattern readwrite dev/%c/#
pattern read users/%u/+
pattern deny dev/%c/key
pattern read done
";

const TOPICS: [&str; 16] = [
    "news",
    "news/1",
    "news/secret",
    "sensors/1",
    "sensors/secret",
    "commands/go",
    "commands/c1",
    "lab/ two words",
    "private",
    "dev/c1/up",
    "dev/c1/key",
    "dev/c2/up",
    "users/alice/x",
    "users/bob/x",
    "users/x",
    "other",
];

const CLIENTS: [(Option<&str>, &str); 7] = [
    (None, "c1"),
    (Some("alice"), "c1"),
    (Some("alice"), "c2"),
    (Some("bob"), "c1"),
    (Some("carol"), "c1"),
    // Known, and without rules of its own.
    (Some("dave"), "c1"),
    (None, "c2"),
];

impl Theirs {
    fn start(acl: &str, passwords: &Path) -> Self {
        let folder = TempDir::new().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let acl = file("acl", acl);
        let config = format!(
            "user root\nlistener {port} 127.0.0.1\nallow_anonymous true\npassword_file {}\nacl_file {acl}\n",
            passwords.display()
        );
        let config = file("config", &config);
        let mut command = Command::new(tool("VOUCHMQ_INTEROP_MOSQUITTO"));
        let process = Running::spawn(command.args(["-c", &config]), b"");
        Self { process, port, _folder: folder }
    }

    /// A client of theirs.
    fn client(
        &self,
        variable: &str,
        (username, client_id): (Option<&str>, &str),
        arguments: &[&str],
    ) -> Running {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "exec stdbuf -oL \"$0\" \"$@\" 1>&2",
            &tool(variable),
            "-h",
            "127.0.0.1",
            "-p",
            &self.port,
        ]);
        command.args(["-V", "mqttv5", "-q", "1", "-d", "-i", client_id]);
        if let Some(name) = username {
            command.args(["-u", name, "-P", PASSWORD]);
        }
        Running::spawn(command.args(arguments), b"")
    }

    fn publish(&self, client: (Option<&str>, &str), topic: &str) -> bool {
        let arguments = ["-t", topic, "-m", "x"];
        let ran = self.client("VOUCHMQ_INTEROP_MOSQUITTO_PUB", client, &arguments).finish();
        assert!(ran.stderr.contains("received PUBACK"), "{ran:#?}");
        !ran.stderr.contains("RC:135")
    }

    /// What a client gets of all topics, which it subscribes to by one filter.
    fn receives(&self, client: (Option<&str>, &str), filter: &str) -> BTreeSet<String> {
        let mut subscriber = self.client(
            "VOUCHMQ_INTEROP_MOSQUITTO_SUB",
            client,
            &["-t", filter, "-t", "done", "-F", "MSG %t"],
        );
        subscriber.wait_for("Subscribed (mid: ");
        for topic in TOPICS.into_iter().chain(["done"]) {
            assert!(self.publish((Some("watcher"), "watcher"), topic), "{topic}");
        }
        subscriber.wait_for("MSG done");
        let lines = subscriber.stderr.iter().filter_map(|line| line.strip_prefix("MSG "));
        lines.filter(|topic| *topic != "done").map(str::to_owned).collect()
    }
}

/// A password file of theirs with everybody who is named here.
fn passwords(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("passwords");
    std::fs::write(&path, "").unwrap();
    for (name, scheme) in [
        ("alice", "sha512-pbkdf2"),
        ("bob", "sha512"),
        ("carol", "sha512"),
        ("dave", "sha512"),
        ("watcher", "sha512"),
    ] {
        let mut command = Command::new(tool("VOUCHMQ_INTEROP_MOSQUITTO_PASSWD"));
        let path = path.to_str().unwrap();
        Running::spawn(command.args(["-H", scheme, "-b", path, name, PASSWORD]), b"").finish().code(0);
    }
    path
}

#[test]
fn an_acl_file_means_what_mosquitto_takes_it_for() {
    let folder = TempDir::new().unwrap();
    let mut theirs = Theirs::start(FILE, &passwords(folder.path()));
    theirs.process.wait_for("running");
    let ours = MosquittoAcl::parse(FILE).unwrap();
    for client @ (username, client_id) in CLIENTS {
        let rules = ours.rules_of(&Names { client_id, username, ..Names::default() });
        for topic in TOPICS {
            let may_publish = rules.decide_publish(topic).permission().is_allowed();
            assert_eq!(may_publish, theirs.publish(client, topic), "{client:?} publishes to {topic}");
        }
        for filter in ["#", "+/+", "sensors/#", "news/secret", "dev/c1/+", "dev/c1/key"] {
            let parsed = FilterRef::new(filter).unwrap();
            let grant = rules.subscribe(parsed, None);
            let is_delivered = |topic: &&str| match grant {
                Grant::Whole => true,
                Grant::PerMessage => rules.receive(topic).is_allowed(),
                Grant::Denied | Grant::Asked => false,
            };
            let matching = TOPICS.into_iter().filter(|topic| vouchmq_mqtt::topic::matches(parsed, topic));
            let expected: BTreeSet<String> = matching.filter(is_delivered).map(str::to_owned).collect();
            assert_eq!(
                expected,
                theirs.receives(client, filter),
                "{client:?} receives by {filter}: {grant:?}"
            );
        }
    }
}

#[test]
fn what_mosquitto_does_not_start_with_is_refused() {
    let folder = TempDir::new().unwrap();
    let passwords = passwords(folder.path());
    let texts = [
        "topic a\n",
        "topic read a b\n",
        "  topic   read   a  \r\n",
        "topic readwrite a\r\n",
        "#x\n\n   \n",
        "user   bob  \ntopic a\n",
        "user two words\n",
        "user bob\nuser bob\ntopic a",
        "pattern a\npattern deny %u\n",
        "topic foo a\n",
        "\ttopic a\n",
        "topic\ta\n",
        " # x\n",
        "user\n",
        "user \n",
        "topic\n",
        "topic a/#/b\n",
        "topic write a+\n",
        "pattern x%u+\n",
        "pattern +%u\n",
        "Topic a\n",
        "topic READ a\n",
        "hello\n",
        "topic read a\ntopic\nuser x\n",
        "\u{feff}topic a\n",
    ];
    for text in texts {
        let mut theirs = Theirs::start(text, &passwords);
        if MosquittoAcl::parse(text).is_ok() {
            theirs.process.wait_for("running");
        } else {
            assert_eq!(theirs.process.finish().code, 3, "{text:?}");
        }
    }
    // These Mosquitto reads, and they cannot mean what they say: we refuse them.
    for text in ["topic read\n", "topic read\ta\n", "topic $share/g/a\n"] {
        Theirs::start(text, &passwords).process.wait_for("running");
        assert!(MosquittoAcl::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_password_file_has_the_users_that_mosquitto_lets_in() {
    let folder = TempDir::new().unwrap();
    let path = passwords(folder.path());
    let mut users = Users::default();
    users.add_mosquitto(&std::fs::read_to_string(&path).unwrap(), &path).unwrap();
    assert_eq!(users.names().collect::<Vec<_>>(), ["alice", "bob", "carol", "dave", "watcher"]);
}
