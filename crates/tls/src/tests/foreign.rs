//! OpenSSL at the other end, where it is installed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::world::{World, load};
use crate::{Protocol, Server, Session, SessionFault};

/// `openssl s_client` with its input and output; `None` where there is no openssl.
fn openssl(port: u16, arguments: &[&str]) -> Option<Child> {
    Command::new("openssl")
        .args(["s_client", "-connect", &format!("127.0.0.1:{port}"), "-servername", "broker.example"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()
}

/// Serves one connection until it ends; what was received, and how it ended.
fn serve(server: &Server, mut stream: TcpStream) -> (Vec<u8>, Option<SessionFault>) {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut session: Session = server.accept(Protocol::Mqtt).unwrap();
    let mut received = Vec::new();
    loop {
        while session.wants_write() {
            session.write_tls(&mut stream).unwrap();
        }
        if session.read_tls(&mut stream).unwrap() == 0 {
            return (received, None);
        }
        match session.process() {
            Ok(progress) => {
                let mut bytes = vec![0; progress.readable];
                if !bytes.is_empty() {
                    session.read(&mut bytes).unwrap();
                    received.extend(bytes);
                }
                if progress.is_closed {
                    return (received, None);
                }
            }
            Err(fault) => {
                while session.wants_write() {
                    session.write_tls(&mut stream).unwrap();
                }
                return (received, Some(fault));
            }
        }
    }
}

/// What became of both ends after `input` was typed.
fn visit(arguments: &[&str], input: &[u8]) -> Option<(Vec<u8>, Option<SessionFault>, String)> {
    let world = World::new();
    let server = load(&world.options());
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut child = openssl(socket.local_addr().unwrap().port(), arguments)?;
    let mut typed = child.stdin.take()?;
    typed.write_all(input).unwrap();
    drop(typed);
    let (received, fault) = serve(&server, socket.accept().unwrap().0);
    let mut told = String::new();
    child.stderr.take()?.read_to_string(&mut told).unwrap();
    child.wait().unwrap();
    Some((received, fault, told))
}

#[test]
fn openssl_speaks_both_versions() {
    for version in ["-tls1_2", "-tls1_3"] {
        let Some((received, fault, _)) = visit(&[version, "-quiet", "-no_ign_eof"], b"hello\n") else {
            return;
        };
        assert_eq!((received.as_slice(), fault), (&b"hello\n"[..], None), "{version}");
    }
}

#[test]
fn openssl_is_refused_with_what_is_older() {
    let Some((_, fault, told)) = visit(&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], b"") else { return };
    assert_eq!(fault, Some(SessionFault::Version));
    assert!(told.contains(" alert "), "{told}");
}

/// Renegotiation (`R` at the prompt of s_client) is never done: RFC 5746's attack has nothing to hold on to.
#[test]
fn openssl_cannot_renegotiate() {
    let Some((received, _, told)) = visit(&["-tls1_2"], b"R\n") else { return };
    assert!(received.is_empty());
    assert!(told.contains("RENEGOTIATING") || told.contains("no renegotiation"), "{told}");
    assert!(told.contains("no renegotiation") || told.contains("error"), "{told}");
}
