//! Both ends below a runtime: HTTP listeners, and the tools' connections.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::world::{DAY, World, load, now, request};
use crate::issue::{Request, Usage};
use crate::{Client, ClientOptions, ConnectFault, Protocol, Server, SessionFault};

/// What both ends say to each other.
async fn meet(
    server: &Server,
    client: &Client,
    host: &str,
) -> (Option<SessionFault>, Result<(), ConnectFault>) {
    let (near, far) = duplex(4096);
    let serve = async {
        let served: io::Result<()> = async {
            let (mut stream, _) = server.accept_stream(Protocol::Http, far).await?;
            stream.write_all(b"hello").await?;
            stream.shutdown().await
        }
        .await;
        served.err().and_then(|fault| SessionFault::of_stream(&fault))
    };
    let visit = async {
        let mut stream = client.connect(host, near).await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await.map_err(ConnectFault::of_stream)?;
        assert_eq!(text, "hello");
        Ok(())
    };
    tokio::join!(serve, visit)
}

fn client(options: &ClientOptions) -> Client {
    Client::load(options).unwrap()
}

#[tokio::test]
async fn a_client_verifies_name_and_authority() {
    let world = World::new();
    let server = load(&world.options());
    let trusting = client(&world.client(None));
    let (served, visited) = meet(&server, &trusting, "broker.example").await;
    assert_eq!((served, visited.map_err(|it| it.to_string())), (None, Ok(())));
    let (served, visited) = meet(&server, &trusting, "other.example").await;
    assert!(visited.unwrap_err().to_string().contains("other.example"));
    assert!(matches!(served, Some(SessionFault::Alert(_))));
    let named = ClientOptions { server_name: Some("broker.example".to_owned()), ..world.client(None) };
    assert!(meet(&server, &client(&named), "192.0.2.7").await.1.is_ok());
    let stranger = client(&World::of("stranger").client(None));
    let (served, visited) = meet(&server, &stranger, "broker.example").await;
    assert!(visited.unwrap_err().to_string().contains("--cafile"));
    assert!(served.unwrap().to_string().contains("does not know the authority"));
}

#[tokio::test]
async fn a_client_refuses_a_server_whose_certificate_is_not_good() {
    let world = World::new();
    let names = vec!["broker.example".parse().unwrap()];
    let good = Request { names, ..request("broker.example", Usage::Server) };
    let expired = Request { not_before: now() - 3 * DAY, not_after: now() - DAY, ..good.clone() };
    let early = Request { not_before: now() + DAY, ..good };
    for (request, why) in [(expired, "expired"), (early, "not valid yet")] {
        let mut options = world.options();
        options.certificates = vec![world.files("made", &world.authority.issue(&request).unwrap())];
        let visited = meet(&load(&options), &client(&world.client(None)), "broker.example").await.1;
        let text = visited.unwrap_err().to_string();
        assert!(text.contains(why), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_one() {
    let world = World::new();
    let server = load(&world.mutual());
    let device = world.device("hw-1");
    assert!(meet(&server, &client(&world.client(Some(&device))), "broker.example").await.1.is_ok());
    let (served, visited) = meet(&server, &client(&world.client(None)), "broker.example").await;
    assert_eq!(served, Some(SessionFault::NoCertificate));
    assert!(visited.unwrap_err().to_string().contains("--cert"));
}

#[tokio::test]
async fn who_wishes_not_to_verify_does_not() {
    let world = World::new();
    let server = load(&world.options());
    let careless = Client::load_without_verification(&ClientOptions::default()).unwrap();
    assert!(meet(&server, &careless, "other.example").await.1.is_ok());
}

#[tokio::test]
async fn what_does_not_speak_tls_is_told_so() {
    let world = World::new();
    let (near, mut far) = duplex(4096);
    let visit = async {
        let client = client(&world.client(None));
        client.connect("broker.example", near).await
    };
    let (fault, _) = tokio::join!(visit, far.write_all(b"\x20\x02\x00\x00 CONNACK of plain MQTT"));
    assert!(matches!(fault.unwrap_err(), ConnectFault::Session(SessionFault::NotTls)));
}

#[tokio::test]
async fn both_ends_speak_the_best_protocol_that_both_have() {
    let world = World::new();
    let server = load(&world.options());
    let (h2, http) = (Protocol::Http2, Protocol::Http);
    for (offered, served, chosen) in [
        (&[h2, http][..], h2, Some(&b"h2"[..])),
        (&[h2, http], http, Some(b"http/1.1")),
        (&[http], h2, Some(b"http/1.1")),
        (&[], h2, None),
    ] {
        let client = client(&world.client(None)).offering(offered);
        let (near, far) = duplex(4096);
        let (accepted, connected) =
            tokio::join!(server.accept_stream(served, far), client.connect("broker.example", near));
        assert_eq!(accepted.unwrap().0.get_ref().1.alpn_protocol(), chosen);
        assert_eq!(connected.unwrap().get_ref().1.alpn_protocol(), chosen);
    }
    let (near, far) = duplex(4096);
    let client = client(&world.client(None)).offering(&[Protocol::Mqtt]);
    let (accepted, connected) =
        tokio::join!(server.accept_stream(h2, far), client.connect("broker.example", near));
    assert!(accepted.is_err() && connected.is_err());
}
