//! `/ctrl`: the process ends, or begins again, and no shell is run.

use super::Nanomq;

#[test]
fn stop_ends_the_process_and_restart_begins_it_again() {
    let mut nanomq = Nanomq::start();
    nanomq.expect("POST", "/ctrl/restart", None, 200, r#"{"code":0}"#);
    let line = nanomq.broker.process.wait_for(" for management").to_owned();
    let url = line.split_once("listening on ").and_then(|(_, rest)| rest.split(' ').next()).expect("a URL");
    nanomq.broker.api = url.to_owned();
    nanomq.expect("GET", "/rules", None, 200, r#"{"code":111}"#);
    nanomq.expect("POST", "/ctrl/Stop/", None, 200, r#"{"code":0}"#);
    nanomq.broker.process.finish().code(0);
}

#[test]
fn what_would_not_begin_again_is_not_ended() {
    let nanomq = Nanomq::start();
    nanomq.broker.write(crate::configured::FILE, "this { is no file");
    nanomq.expect("POST", "/ctrl/restart", None, 400, r#"{"code":117}"#);
    nanomq.expect("GET", "/rules", None, 200, r#"{"code":111}"#);
}
