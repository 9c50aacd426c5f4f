use std::path::PathBuf;

/// Why a TLS configuration does not load: which file, what is wrong with it, what mends it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", file.display())]
    Unreadable {
        /// Which.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than any such file is.
    #[error("{}: is larger than {} MiB, so it is no such file", file.display(), crate::pem::FILE_MAX >> 20)]
    TooLarge {
        /// Which.
        file: PathBuf,
    },
    /// The file is binary where text is expected.
    #[error("{}: is binary (DER), not PEM; run: {command}", file.display())]
    Binary {
        /// Which.
        file: PathBuf,
        /// What makes text of it.
        command: String,
    },
    /// There is nothing in the file of what it is for.
    #[error("{}: has no {expected} in it", file.display())]
    Empty {
        /// Which.
        file: PathBuf,
        /// What was looked for.
        expected: &'static str,
    },
    /// The file is not what it says it is.
    #[error("{}: is damaged: {what}", file.display())]
    Damaged {
        /// Which.
        file: PathBuf,
        /// Where it stops making sense.
        what: String,
    },
    /// A key behind a password, which nobody is there to type when the broker starts.
    #[error("{}: the key is encrypted; run: {command}", file.display())]
    Encrypted {
        /// Which.
        file: PathBuf,
        /// What takes the password off.
        command: String,
    },
    /// A key of a kind that TLS does not use any more.
    #[error("{}: the key is of no kind that is spoken (RSA, ECDSA P-256, P-384 or P-521, Ed25519); run: {command}", file.display())]
    KeyKind {
        /// Which.
        file: PathBuf,
        /// What makes a new one.
        command: String,
    },
    /// The key belongs to another certificate.
    #[error("{}: the key is not that of the certificate {}; compare: {command}", key.display(), certificate.display())]
    OtherKey {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// What shows both.
        command: String,
    },
    /// A certificate that anybody could forge.
    #[error("{}: the certificate of {subject} is {weakness}, which can be forged, and which clients refuse; run: {command}", file.display())]
    Weak {
        /// Which.
        file: PathBuf,
        /// Whose.
        subject: String,
        /// What makes it weak.
        weakness: String,
        /// What makes a better one.
        command: String,
    },
    /// A certificate for something else.
    #[error("{}: the certificate of {subject} is {usage}; run: {command}", file.display())]
    Usage {
        /// Which.
        file: PathBuf,
        /// Whose.
        subject: String,
        /// What it is for.
        usage: &'static str,
        /// What makes one for this.
        command: String,
    },
    /// A revocation list that none of the authorities has signed, though it has the name of one.
    #[error("{}: the revocation list says it is of {issuer}, but that authority has not signed it", file.display())]
    ForeignList {
        /// Which.
        file: PathBuf,
        /// Whom it names.
        issuer: String,
    },
    /// Revocation lists of one authority that count only together, while one is looked into.
    #[error("{}: the revocation list of {issuer} is a part of what that authority has revoked (issuing distribution point), and so is one in {}; give one complete list of it", file.display(), other.display())]
    PartitionedLists {
        /// Which.
        file: PathBuf,
        /// Where the other is.
        other: PathBuf,
        /// Whose they are.
        issuer: String,
    },
    /// There are no authorities to judge a server by.
    #[error("the system trusts no authority: {what}; name a file with --cafile")]
    NoSystemAuthorities {
        /// Why.
        what: String,
    },
    /// A name that no server can have.
    #[error("{name:?} is neither a host name nor an address")]
    ServerName {
        /// Which.
        name: String,
    },
    /// The versions exclude each other, or nothing is left of the options.
    #[error("{0}")]
    Options(String),
}

/// What loads, and still wants to be looked at. Its text names the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice(pub(crate) String);

impl std::fmt::Display for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
