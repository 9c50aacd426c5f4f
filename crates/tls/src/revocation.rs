//! What authorities have revoked: of every authority the newest list, since only one is looked into.

use std::path::Path;
use std::time::SystemTime;

use rustls::pki_types::CertificateDer;
use webpki::{BorrowedCertRevocationList, CertRevocationList, Error, OwnedCertRevocationList};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::certificate::{Inspected, seconds};
use crate::{ClientCertificates, ExpiredRevocationList, Notice, TlsFault, pem};

/// The newest lists, one of each issuer: as they are looked into, and as they came.
#[derive(Debug)]
pub(crate) struct Lists {
    pub(crate) parsed: Vec<CertRevocationList<'static>>,
    pub(crate) raw: Vec<Vec<u8>>,
}

/// One list of one file.
struct Found<'a> {
    file: &'a Path,
    der: Vec<u8>,
}

impl Lists {
    /// # Errors
    /// [`TlsFault`]: unreadable, damaged, of another than it says, or one of several that count only together.
    pub(crate) fn load(
        options: &ClientCertificates,
        certificates: &[CertificateDer<'static>],
        now: SystemTime,
        notices: &mut Vec<Notice>,
    ) -> Result<Self, TlsFault> {
        let mut found = Vec::new();
        for file in &options.revocation_lists {
            found.extend(pem::revocation_lists(file)?.into_iter().map(|der| Found { file, der }));
        }
        let mut read = Vec::with_capacity(found.len());
        for one in &found {
            read.push((one, parse(one.file, &one.der)?));
        }
        let mut newest: Vec<(&Found<'_>, CertificateRevocationList<'_>)> = Vec::new();
        for (one, list) in read {
            check(one.file, &list, options, certificates, notices)?;
            let Some((kept, before)) =
                newest.iter_mut().find(|(_, before)| before.issuer().as_raw() == list.issuer().as_raw())
            else {
                newest.push((one, list));
                continue;
            };
            if kept.der != one.der && (is_partition(before) || is_partition(&list)) {
                return Err(TlsFault::PartitionedLists {
                    file: one.file.into(),
                    other: kept.file.into(),
                    issuer: list.issuer().to_string(),
                });
            }
            let (mut ignored, mut ignored_list) = (one, list);
            if rank(&ignored_list) > rank(before) {
                std::mem::swap(kept, &mut ignored);
                std::mem::swap(before, &mut ignored_list);
            }
            notices.push(Notice(format!(
                "{}: the revocation list of {} of {} is IGNORED: the one in {} is as new or newer ({})",
                ignored.file.display(),
                ignored_list.issuer(),
                ignored_list.last_update(),
                kept.file.display(),
                before.last_update(),
            )));
        }
        let mut lists = Self { parsed: Vec::new(), raw: Vec::new() };
        for (one, list) in &newest {
            notice_expiry(one.file, list, options.expired_revocation_list, now, notices);
            let owned =
                BorrowedCertRevocationList::from_der(&one.der).and_then(|list| list.to_owned()).map_err(
                    |fault: Error| TlsFault::Damaged { file: one.file.into(), what: fault.to_string() },
                )?;
            lists.parsed.push(OwnedCertRevocationList::into(owned));
            lists.raw.push(one.der.clone());
        }
        Ok(lists)
    }
}

fn parse<'a>(file: &Path, der: &'a [u8]) -> Result<CertificateRevocationList<'a>, TlsFault> {
    let damaged =
        |what: String| TlsFault::Damaged { file: file.into(), what: format!("no revocation list: {what}") };
    CertificateRevocationList::from_der(der).map(|(_, list)| list).map_err(|fault| damaged(fault.to_string()))
}

/// What a newer list has more of.
fn rank(list: &CertificateRevocationList<'_>) -> (i64, Option<Vec<u8>>) {
    // big-endian with its length first, as numbers of any size are compared
    let number = list.crl_number().map(|number| {
        let bytes = number.to_bytes_be();
        let mut rank = u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes().to_vec();
        rank.extend(bytes);
        rank
    });
    (list.last_update().timestamp(), number)
}

/// Whether it lists a part of what its issuer has revoked (RFC 5280 §5.2.5).
fn is_partition(list: &CertificateRevocationList<'_>) -> bool {
    list.extensions().iter().any(|extension| {
        matches!(extension.parsed_extension(), ParsedExtension::IssuingDistributionPoint(_))
            || extension.oid.to_id_string() == "2.5.29.28"
    })
}

/// Refuses a list that would refuse everybody: one in the name of an authority that has not signed it.
fn check(
    file: &Path,
    list: &CertificateRevocationList<'_>,
    options: &ClientCertificates,
    certificates: &[CertificateDer<'static>],
    notices: &mut Vec<Notice>,
) -> Result<(), TlsFault> {
    let mut named = 0;
    let mut is_signed = false;
    for der in certificates {
        let authority = Inspected::of(&options.authorities, der)?;
        if authority.raw_subject() == list.issuer().as_raw() {
            named += 1;
            is_signed |= list.verify_signature(authority.public_key()).is_ok();
        }
    }
    if named == 0 {
        notices.push(Notice(format!(
            "{}: the revocation list is of {}, which is none of the authorities; it counts for what that one has signed",
            file.display(),
            list.issuer()
        )));
    } else if !is_signed {
        return Err(TlsFault::ForeignList { file: file.into(), issuer: list.issuer().to_string() });
    }
    Ok(())
}

fn notice_expiry(
    file: &Path,
    list: &CertificateRevocationList<'_>,
    expired: ExpiredRevocationList,
    now: SystemTime,
    notices: &mut Vec<Notice>,
) {
    let Some(next) = list.next_update().filter(|next| next.timestamp() < seconds(now)) else { return };
    let then = match expired {
        ExpiredRevocationList::Refuse => "every certificate of its issuer is refused",
        ExpiredRevocationList::Accept => "what it revokes stays revoked, what came since is not known",
    };
    let file = file.display();
    notices.push(Notice(format!("{file}: the revocation list has EXPIRED ({next}): {then}")));
}
