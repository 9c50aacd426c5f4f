//! What goes into a statement.

use std::net::IpAddr;

use vouchmq_identity::acl::Acl;
use vouchmq_identity::model::{
    ApiKeyId, AuthorityCertificate, AuthorityState, BlockId, CertificateAuthorityId, ClaimTokenId,
    CredentialId, CredentialKind, CredentialState, DeviceId, DeviceOrigin, DeviceState, HardwareId,
    HardwareIdPattern, IdTemplate, Name, NodeId, ProductId, ProductState, RegistrationId, RegistrationState,
    Scope, Slug, Strategy,
};
use vouchmq_identity::model::{Attributes, Binding};
use vouchmq_identity::store::{ChangeKind, Digest, Kick, LogId};
use vouchmq_identity::{
    BlockKind, CertificateFingerprint, CheckValue, Cidr, KeyId, PepperVersion, UnixMillis,
};

use crate::json;

/// A value of one of the three types that columns have, or none of a type.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing, where a value of this type could be.
    Null(Type),
    /// `TEXT`.
    Text(String),
    /// `BIGINT`.
    Integer(i64),
    /// `BLOB` or `BYTEA`.
    Bytes(Vec<u8>),
}

/// The types that columns have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Integer,
    Bytes,
}

/// How something stands in a column.
pub(crate) trait Column {
    /// The type of the column.
    const TYPE: Type;

    /// The value of the column.
    fn to_value(&self) -> Value;
}

/// The values of a statement, in the order of `$1`, `$2`, ….
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        vec![$($crate::value::Column::to_value(&$value)),*]
    };
}
pub(crate) use values;

macro_rules! text_columns {
    ($($type:ty),+ $(,)?) => {
        $(impl Column for $type {
            const TYPE: Type = Type::Text;

            fn to_value(&self) -> Value {
                Value::Text(self.to_string())
            }
        })+
    };
}

text_columns!(
    ApiKeyId,
    AuthorityCertificate,
    AuthorityState,
    Binding,
    BlockId,
    BlockKind,
    CertificateAuthorityId,
    CertificateFingerprint,
    ChangeKind,
    CheckValue,
    ClaimTokenId,
    CredentialId,
    CredentialKind,
    CredentialState,
    DeviceId,
    DeviceOrigin,
    DeviceState,
    Digest,
    HardwareId,
    IdTemplate,
    IpAddr,
    KeyId,
    Kick,
    LogId,
    Name,
    NodeId,
    ProductId,
    ProductState,
    RegistrationId,
    RegistrationState,
    Slug,
    Strategy,
);

macro_rules! json_columns {
    ($($type:ty: $write:path),+ $(,)?) => {
        $(impl Column for $type {
            const TYPE: Type = Type::Text;

            fn to_value(&self) -> Value {
                Value::Text($write(self))
            }
        })+
    };
}

json_columns! {
    Acl: json::of_acl,
    Attributes: json::of_attributes,
    Vec<CredentialKind>: json::of_texts,
    Vec<Scope>: json::of_texts,
    Vec<Cidr>: json::of_texts,
}

/// Text that was checked to be without U+0000, which PostgreSQL cannot keep; all else is [escaped].
///
/// [escaped]: crate::text::Free
impl Column for str {
    const TYPE: Type = Type::Text;

    fn to_value(&self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl Column for HardwareIdPattern {
    const TYPE: Type = Type::Text;

    fn to_value(&self) -> Value {
        self.as_str().to_value()
    }
}

/// Numbers from 2⁶³ on are kept as the greatest one below: what counts or dates so much is not to be told
/// apart.
impl Column for u64 {
    const TYPE: Type = Type::Integer;

    fn to_value(&self) -> Value {
        Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
    }
}

impl Column for u32 {
    const TYPE: Type = Type::Integer;

    fn to_value(&self) -> Value {
        Value::Integer(i64::from(*self))
    }
}

impl Column for UnixMillis {
    const TYPE: Type = Type::Integer;

    fn to_value(&self) -> Value {
        self.millis().to_value()
    }
}

impl Column for PepperVersion {
    const TYPE: Type = Type::Integer;

    fn to_value(&self) -> Value {
        u32::from(self.number()).to_value()
    }
}

impl Column for [u8; 32] {
    const TYPE: Type = Type::Bytes;

    fn to_value(&self) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl<T: Column + ?Sized> Column for &T {
    const TYPE: Type = T::TYPE;

    fn to_value(&self) -> Value {
        T::to_value(self)
    }
}

impl<T: Column> Column for Option<T> {
    const TYPE: Type = T::TYPE;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null(T::TYPE), Column::to_value)
    }
}
