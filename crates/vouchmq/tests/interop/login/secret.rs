use super::{BAD_CREDENTIAL, CLIENTS, NOT_ALLOWED, Says, Site, VERSIONS};

#[test]
fn a_generated_secret_lets_every_client_in_until_it_is_revoked() {
    let site = Site::new();
    let fleet = &site.fleet;
    let device = fleet.enter(&site.product, "sensor-1");
    let other = fleet.enter(&site.product, "sensor-2");
    let right = Says { name: &device.id, password: &device.secret };
    for (client, version) in CLIENTS.into_iter().flat_map(|client| VERSIONS.map(|version| (client, version)))
    {
        let logs_in = |says| client.logs_in(fleet, version, says);
        assert_eq!(logs_in(right), 0, "{client:?} {version}");
        for wrong in [
            Says { password: "vmq1_wrong", ..right },
            Says { password: &other.secret, ..right },
            Says { name: "nobody", ..right },
        ] {
            assert_eq!(logs_in(wrong), BAD_CREDENTIAL, "{client:?} {version} {wrong:?}");
        }
    }
    fleet.operator.act(&format!("/v1/devices/{}:suspend", other.id));
    fleet.revoke(&device.credential);
    for client in CLIENTS {
        assert_eq!(client.logs_in(fleet, "5", right), BAD_CREDENTIAL, "{client:?}");
        let suspended = Says { name: &other.id, password: &other.secret };
        assert_eq!(client.logs_in(fleet, "5", suspended), NOT_ALLOWED, "{client:?}");
    }
}
