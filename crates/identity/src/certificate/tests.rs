use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair, SanType, SerialNumber,
    date_time_ymd,
};

use super::*;

/// A certificate of a device, as its authority would sign it.
pub(crate) fn leaf(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "d1");
    change(&mut params);
    params.self_signed(&key()).unwrap().der().to_vec()
}

/// The certificate of an authority with this name.
pub(crate) fn authority(name: &str) -> Vec<u8> {
    leaf(|params| {
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    })
}

pub(crate) fn pem_of(der: &[u8]) -> String {
    struct Pem<'a>(&'a [u8]);
    impl std::fmt::Display for Pem<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write_pem(self.0, f)
        }
    }
    Pem(der).to_string()
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

#[test]
fn a_certificate_tells_who_it_is_about() {
    let der = leaf(|params| {
        params.distinguished_name.push(DnType::OrganizationName, "Acme, \"Inc\"");
        params.distinguished_name.push(DnType::OrganizationalUnitName, "#1 ");
        params.subject_alt_names = vec![
            SanType::DnsName("d1.example".try_into().unwrap()),
            SanType::URI("urn:dev:d1".try_into().unwrap()),
            SanType::Rfc822Name("d1@example".try_into().unwrap()),
            SanType::DnsName("second.example".try_into().unwrap()),
        ];
        params.serial_number = Some(SerialNumber::from_slice(&[0x0a, 0xff]));
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2027, 1, 1);
    });
    let read = ClientCertificate::from_der(&der).unwrap();
    assert_eq!(read.fingerprint(), CertificateFingerprint::of(&der));
    assert_eq!(read.subject(), r#"OU=\#1\ ,O=Acme\, \"Inc\",CN=d1"#);
    assert_eq!(read.common_name(), Some("d1"));
    assert_eq!(read.subject_value("O"), Some("Acme, \"Inc\""));
    assert_eq!(read.subject_value("ou"), Some("#1 "));
    assert_eq!(read.subject_value("l"), None);
    assert_eq!(read.dns_names().collect::<Vec<_>>(), ["d1.example", "second.example"]);
    assert_eq!(read.uris().collect::<Vec<_>>(), ["urn:dev:d1"]);
    assert_eq!(read.emails().collect::<Vec<_>>(), ["d1@example"]);
    assert_eq!(read.serial(), "0aff");
    let time = |seconds: u64| Some(UnixMillis::new(seconds * 1000));
    let validity = Validity { not_before: time(1_767_225_600), not_after: time(1_798_761_600) };
    assert_eq!(read.validity(), validity);
    assert!(!read.is_authority());
    assert_eq!(read.authority(), None);
    assert_eq!(read.clone().with_authority([7; 32]).authority(), Some([7; 32].into()));
    assert_eq!(ClientCertificate::from_pem(&pem_of(&der)), Ok(read));
    assert!(ClientCertificate::from_der(&authority("ca")).unwrap().is_authority());
}

#[test]
fn of_several_values_of_a_name_none_is_the_one() {
    // A second common name: `DistinguishedName` keeps one of each, so the second is of a type that says so.
    let der = leaf(|params| {
        let common_name = DnType::CustomDnType(vec![2, 5, 4, 3]);
        params.distinguished_name.push(common_name, "d2");
    });
    let read = ClientCertificate::from_der(&der).unwrap();
    assert_eq!((read.common_name(), read.subject()), (None, "CN=d2,CN=d1"));
}

#[test]
fn one_certificate_in_pem_and_nothing_else() {
    let pem = pem_of(&leaf(|_| {}));
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for text in ["", "hello", key, &format!("{pem}{pem}"), &format!("{pem}{key}"), &pem[..pem.len() - 40]] {
        assert_eq!(ClientCertificate::der_of_pem(text), Err(CertificateFault::Pem), "{text}");
    }
    assert!(ClientCertificate::from_pem(&format!("subject: d1\n{pem}")).is_ok());
    let long = format!("{}{pem}", "x".repeat(4 * CERTIFICATE_LEN_MAX));
    assert_eq!(ClientCertificate::der_of_pem(&long), Err(CertificateFault::TooLong));
}

#[test]
fn a_fingerprint_reads_as_tools_write_it() {
    let fingerprint = CertificateFingerprint::of(b"x");
    let text = fingerprint.to_string();
    assert_eq!(text.parse(), Ok(fingerprint));
    let digits = text.strip_prefix("sha256:").unwrap();
    let pairs: Vec<_> =
        digits.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).to_uppercase()).collect();
    assert_eq!(format!("sha256:{}", pairs.join(":")).parse(), Ok(fingerprint));
    let odd = format!("sha256:{}::", &digits[..63]);
    for wrong in [digits, "", "sha256:", &text[..70], &format!("{text}0"), "sha1:00", &odd] {
        assert_eq!(wrong.parse::<CertificateFingerprint>(), Err(CertificateFault::Fingerprint), "{wrong}");
    }
}

#[test]
fn names_beyond_the_bound_are_refused_and_none_is_cut() {
    let with = |count: usize| {
        leaf(|params| {
            let name = |number| SanType::DnsName(format!("n{number}").try_into().unwrap());
            params.subject_alt_names = (0..count).map(name).collect();
        })
    };
    assert!(ClientCertificate::from_der(&with(CERTIFICATE_NAMES_MAX)).is_ok());
    let read = ClientCertificate::from_der(&with(CERTIFICATE_NAMES_MAX + 1));
    assert_eq!(read, Err(CertificateFault::Names));
    let long = leaf(|params| {
        params.distinguished_name.push(DnType::OrganizationName, "x".repeat(CERTIFICATE_LEN_MAX));
    });
    assert_eq!(ClientCertificate::from_der(&long), Err(CertificateFault::TooLong));
}

/// Whatever a client sends: an answer, and no panic.
#[test]
fn bytes_that_are_no_certificate_are_refused() {
    let der = leaf(|params| {
        params.subject_alt_names = vec![SanType::DnsName("d1.example".try_into().unwrap())];
    });
    for len in 0..der.len() {
        assert_eq!(ClientCertificate::from_der(&der[..len]), Err(CertificateFault::Malformed), "{len}");
    }
    let followed = [&der[..], &[0]].concat();
    assert_eq!(ClientCertificate::from_der(&followed), Err(CertificateFault::Malformed));
    arbtest::arbtest(|random| {
        let mut bytes = der.clone();
        for _ in 0..random.int_in_range(1..=4)? {
            let place = random.choose_index(bytes.len())?;
            bytes[place] = random.arbitrary()?;
        }
        if let Ok(read) = ClientCertificate::from_der(&bytes) {
            assert_eq!(read.fingerprint(), CertificateFingerprint::of(&bytes));
        }
        Ok(())
    });
    arbtest::arbtest(|random| {
        let bytes: Vec<u8> = random.arbitrary()?;
        let _ = ClientCertificate::from_der(&bytes);
        let _ = ClientCertificate::der_of_pem(&String::from_utf8_lossy(&bytes));
        Ok(())
    });
}
