//! Users and anonymous clients at the door.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::path::Path;

use tempfile::TempDir;

use crate::process::{Ran, run};
use crate::server::Server;

/// A password file with the user alice.
fn users(folder: &Path) -> String {
    let file = folder.join("users");
    let file = file.to_str().unwrap().to_owned();
    run(&["passwd", "-c", &file, "alice", "-b", "wonderland"]).code(0);
    file
}

fn login(server: &Server, flags: &[&str]) -> Ran {
    server.run("sub", &[&["-t", "a", "-E"], flags].concat())
}

#[test]
fn a_user_gets_in_with_the_password_only() {
    let folder = TempDir::new().unwrap();
    let server = Server::start_with(&["--user-file", &users(folder.path())]);
    for version in ["31", "311", "5"] {
        login(&server, &["-V", version, "-u", "alice", "-P", "wonderland"]).code(0);
        for wrong in
            [&["-u", "alice", "-P", "Wonderland"][..], &["-u", "bob", "-P", "wonderland"], &["-u", "alice"]]
        {
            let ran = login(&server, &[&["-V", version], wrong].concat()).code(1);
            let told = "refused the connection: bad user name or password (0x86); check -u and -P";
            assert!(ran.complaint().ends_with(told), "{ran:?}");
        }
        let ran = login(&server, &["-V", version]).code(1);
        assert!(ran.complaint().contains("refused the connection: not authorized (0x87)"), "{ran:?}");
    }
}

#[test]
fn anonymous_clients_and_users_live_together() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(&["--user-file", &users(folder.path())]);
    login(&server, &[]).code(0);
    login(&server, &["-u", "alice", "-P", "wonderland"]).code(0);
    login(&server, &["-u", "alicia", "-P", "wonderland"]).code(1);
}

#[test]
fn a_broker_without_users_takes_any_name() {
    login(&Server::start(&[]), &["-u", "whoever", "-P", "whatever"]).code(0);
}

#[test]
fn a_password_file_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let users = users(folder.path());
    std::fs::set_permissions(&users, std::fs::Permissions::from_mode(0o644)).unwrap();
    let server = Server::start_with(&["--user-file", &users]);
    server.signal(nix::sys::signal::Signal::SIGTERM);
    let ran = server.finish().code(0);
    assert!(ran.stderr.contains("others may read or change the password file"), "{ran:?}");
}
