//! Servers with TLS, and HTTP/2 on it.

use std::sync::Arc;

use hyper::Version;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use vouchmq_client::transport::{Lost, Repeats, Servers, ServersOptions};
use vouchmq_tls::Client;

use crate::harness::{Papers, Site, later, ok, options, question, until};

fn secure(site: &Site, tls: Client, has_http2: bool) -> Arc<Servers> {
    let mut options = ServersOptions { tls: Some(tls), ..options() };
    options.bounds.has_http2 = has_http2;
    Arc::new(Servers::new(vec![site.origin("https")], options))
}

#[tokio::test]
async fn many_questions_share_one_connection_of_http2() {
    let papers = Papers::new();
    let site = Site::https(papers.server("127.0.0.1"), |request| async move {
        assert_eq!(request.version(), Version::HTTP_2);
        assert!(request.headers().get("host").is_none());
        ok(request.uri().to_string())
    });
    let site = site.await;
    let servers = secure(&site, papers.client(false), true);
    let mut asking = JoinSet::new();
    for _ in 0..50 {
        let servers = Arc::clone(&servers);
        asking.spawn(async move { servers.ask(&question(1, "x"), Repeats::Never, later()).await.unwrap() });
    }
    for answer in asking.join_all().await {
        assert_eq!(answer.body, format!("{}/ask?of=everybody", site.origin("https")).as_bytes());
    }
    assert_eq!((site.connections(), servers.snapshot()[0].connections), (1, 1));
}

#[tokio::test]
async fn another_connection_of_http2_is_made_when_one_is_full() {
    let papers = Papers::new();
    let site = Site::https(papers.server("127.0.0.1"), |_| std::future::pending()).await;
    let servers = secure(&site, papers.client(false), true);
    let mut asking = JoinSet::new();
    for _ in 0..120 {
        let servers = Arc::clone(&servers);
        asking.spawn(async move { servers.ask(&question(1, "x"), Repeats::Never, later()).await.map(drop) });
    }
    until(|| site.connections() == 2 && servers.snapshot()[0].waiting == 0).await;
    assert_eq!((servers.snapshot()[0].connections, servers.snapshot()[0].in_flight), (2, 120));
}

#[tokio::test]
async fn http1_is_spoken_where_http2_is_not_wanted() {
    let papers = Papers::new();
    let site = Site::https(papers.server("127.0.0.1"), |request| async move {
        assert_eq!(request.version(), Version::HTTP_11);
        ok("")
    });
    let site = site.await;
    let servers = secure(&site, papers.client(false), false);
    for _ in 0..3 {
        servers.ask(&question(1, "x"), Repeats::Never, later()).await.unwrap();
    }
    assert_eq!(site.connections(), 1);
}

/// Says when it is dropped.
struct Dropped(mpsc::UnboundedSender<&'static str>);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send("gone");
    }
}

#[tokio::test]
async fn who_goes_away_resets_its_stream_and_no_other() {
    let papers = Papers::new();
    let (tell, mut told) = mpsc::unbounded_channel();
    let site = Site::https(papers.server("127.0.0.1"), move |request| {
        let tell = tell.clone();
        async move {
            if request.method() == "POST" {
                let _dropped = Dropped(tell.clone());
                tell.send("asked").unwrap();
                std::future::pending::<()>().await;
            }
            ok("")
        }
    });
    let site = site.await;
    let servers = secure(&site, papers.client(false), true);
    let asking = tokio::spawn({
        let servers = Arc::clone(&servers);
        async move { servers.ask(&question(1, "x"), Repeats::Never, later()).await.map(drop) }
    });
    assert_eq!(told.recv().await, Some("asked"));
    asking.abort();
    assert_eq!(told.recv().await, Some("gone"));
    let mut other = question(1, "x");
    other.method = hyper::Method::PUT;
    servers.ask(&other, Repeats::Never, later()).await.unwrap();
    assert_eq!(site.connections(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_who_it_should_be_is_asked_nothing() {
    let papers = Papers::new();
    let cases = [
        (papers.server("other.example"), papers.client(false), "127.0.0.1"),
        (papers.expired_server("127.0.0.1"), papers.client(false), "expired"),
        (papers.server("127.0.0.1"), Papers::new().client(false), "authority"),
    ];
    for (server, client, expected) in cases {
        let site = Site::https(server, |_| async { panic!("it was asked") }).await;
        let came =
            secure(&site, client, true).ask(&question(1, "x"), Repeats::OnAnotherServer, later()).await;
        let Err(Lost::Tls { why, .. }) = came else { panic!("{came:?}") };
        assert!(why.contains(expected), "{why}");
    }
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_ours() {
    let papers = Papers::new();
    for has_http2 in [false, true] {
        let site = Site::https(papers.mutual_server("127.0.0.1"), |_| async { ok("") }).await;
        let servers = secure(&site, papers.client(true), has_http2);
        servers.ask(&question(1, "x"), Repeats::Never, later()).await.unwrap();
        let servers = secure(&site, papers.client(false), has_http2);
        let came = servers.ask(&question(1, "x"), Repeats::Never, later()).await;
        // below HTTP/2 nothing but the text of an error is left
        let is_told = |why: &str| why.contains("CertificateRequired");
        assert!(
            matches!(&came, Err(Lost::Tls { why, .. } | Lost::BrokenOff { why, .. }) if is_told(why)),
            "{came:?}"
        );
    }
}

#[tokio::test]
async fn where_tls_is_wanted_nothing_is_said_without_it() {
    let site = Site::http(|_| async { panic!("it was asked") }).await;
    let servers = Servers::new(vec![site.origin("https")], options());
    let came = servers.ask(&question(1, "x"), Repeats::Never, later()).await;
    assert!(matches!(came, Err(Lost::Tls { .. })), "{came:?}");
    assert_eq!(site.connections(), 0);
}
