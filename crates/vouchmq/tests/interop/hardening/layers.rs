use super::Machine;

#[test]
fn loopback_is_where_operators_connect_and_foreign_names_get_nothing() {
    let machine = Machine::new();
    let _server = machine.serve(None);
    machine.run("loopback").code(0);
    machine.run("loopback-host").code(0);
}

#[test]
fn a_unix_socket_is_for_one_user() {
    let machine = Machine::new();
    let _server = machine.serve(Some("unix.conf"));
    machine.run("unix").code(0);
}

#[test]
fn https_speaks_what_is_safe_and_knows_certificates_of_clients() {
    let machine = Machine::new();
    let _server = machine.serve(Some("https.conf"));
    machine.run("https").code(0);
    machine.run("client-certificate").code(0);
}

#[test]
fn without_a_certificate_nobody_gets_in_where_one_is_required() {
    let machine = Machine::new();
    let _server = machine.serve(Some("required.conf"));
    machine.run("required-certificate").code(0);
}

#[test]
fn the_rules_of_the_firewall_can_be_loaded() {
    let machine = Machine::new();
    machine.write("vouchmq.nft");
    machine.run("nftables").code(0);
}

/// The program is elsewhere here.
#[test]
fn the_unit_of_systemd_is_good_and_shuts_in() {
    let machine = Machine::new();
    let unit = std::fs::read_to_string(super::root().join("packaging/vouchmq.service")).unwrap();
    let unit = unit.replace("/usr/bin/vouchmq", machine.path("bin/vouchmq").to_str().unwrap());
    let path = machine.path("etc/vouchmq.service");
    std::fs::write(&path, unit).unwrap();
    let commands =
        machine.page.commands("systemd").replace("packaging/vouchmq.service", path.to_str().unwrap());
    machine.shell(&commands).code(0);
}
