use super::{Property, PropertyId};
use crate::codec::{Fault, Field, MalformedPacket, OverLimit, PacketSet, ProtocolError, Reader};

/// The properties of one packet or will: encoded, validated, read lazily.
///
/// Without the Property Length in front. Two values are equal when their bytes are: the same properties in
/// the same order.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Properties<'a>(&'a [u8]);

/// Builds the properties of a packet.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PropertiesBuf(Vec<u8>);

/// Which properties occurred in a section: one bit for each identifier.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SeenProperties(u64);

// === impl Properties ===

impl<'a> Properties<'a> {
    /// No properties.
    pub const EMPTY: Self = Self(&[]);

    /// Bytes that came out of [`Properties::as_bytes`].
    #[inline]
    pub(crate) const fn from_validated(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What of a PUBLISH or a will travels on unchanged: all but Message Expiry Interval, Topic Alias,
    /// Will Delay Interval and Subscription Identifier. `buffer` is written only when there is one of these.
    pub(crate) fn forwardable<'b>(&self, buffer: &'b mut PropertiesBuf) -> Properties<'b>
    where
        'a: 'b,
    {
        let stays = |id: PropertyId| {
            !matches!(
                id,
                PropertyId::MessageExpiryInterval
                    | PropertyId::TopicAlias
                    | PropertyId::WillDelayInterval
                    | PropertyId::SubscriptionIdentifier
            )
        };
        if self.ids().all(stays) {
            return *self;
        }
        buffer.clear();
        buffer.extend(self.iter().filter(|property| stays(property.id())));
        buffer.as_properties()
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The encoded properties, without the Property Length.
    #[inline]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Each property, in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Property<'a>> + use<'a> {
        let mut reader = Reader::new(self.0);
        std::iter::from_fn(move || read_id(&mut reader).ok()?.read(&mut reader).ok())
    }

    /// The identifier of each property, in order; values are passed over, not decoded.
    #[inline]
    pub fn ids(&self) -> impl Iterator<Item = PropertyId> + use<'a> {
        let mut reader = Reader::new(self.0);
        std::iter::from_fn(move || {
            let id = read_id(&mut reader).ok()?;
            id.skip(&mut reader)?;
            Some(id)
        })
    }

    /// Each User Property, in order.
    pub fn user_properties(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        self.iter().filter_map(|property| {
            let Property::UserProperty(name, value) = property else { return None };
            Some((name, value))
        })
    }

    /// The first property with this identifier; the values before it are passed over, not decoded.
    #[inline]
    pub fn find(&self, wanted: PropertyId) -> Option<Property<'a>> {
        let mut reader = Reader::new(self.0);
        while !reader.is_empty() {
            let id = read_id(&mut reader).ok()?;
            if id == wanted {
                return id.read(&mut reader).ok();
            }
            id.skip(&mut reader)?;
        }
        None
    }

    /// Reads the Property Length and validates the properties behind it.
    ///
    /// `place` is the packet or the will they belong to; `user_properties_left` counts down over the whole
    /// packet.
    #[inline]
    pub(crate) fn read(
        reader: &mut Reader<'a>,
        place: PacketSet,
        user_properties_left: &mut usize,
    ) -> Result<(Self, SeenProperties), Fault> {
        let len = reader.varint(Field::PropertyLength)?;
        if len == 0 {
            return Ok((Self::EMPTY, SeenProperties::default()));
        }
        let bytes = reader.bytes(usize::try_from(len).unwrap_or(usize::MAX), Field::Properties)?;
        Ok((Self(bytes), validate(bytes, place, user_properties_left)?))
    }
}

impl std::fmt::Debug for Properties<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

fn validate(
    bytes: &[u8],
    place: PacketSet,
    user_properties_left: &mut usize,
) -> Result<SeenProperties, Fault> {
    let mut reader = Reader::new(bytes);
    let mut seen = SeenProperties::default();
    while !reader.is_empty() {
        let id = read_id(&mut reader)?;
        if !id.places().meets(place) {
            return Err(MalformedPacket::PropertyNotAllowed(id).into());
        }
        if seen.contains(id) && !id.repeats().meets(place) {
            return Err(ProtocolError::DuplicateProperty(id).into());
        }
        seen.insert(id);
        if id == PropertyId::UserProperty {
            *user_properties_left = user_properties_left.checked_sub(1).ok_or(OverLimit::UserProperties)?;
        }
        id.read(&mut reader)?;
    }
    Ok(seen)
}

/// Reads a Property Identifier: a variable byte integer, of which the standard uses one byte.
#[inline]
fn read_id(reader: &mut Reader<'_>) -> Result<PropertyId, MalformedPacket> {
    let number = reader.u8(Field::PropertyId)?;
    PropertyId::from_number(number).ok_or(MalformedPacket::UnknownProperty(number))
}

// === impl SeenProperties ===

impl SeenProperties {
    #[inline]
    pub(crate) fn contains(self, id: PropertyId) -> bool {
        self.0 & Self::bit(id) != 0
    }

    #[inline]
    fn insert(&mut self, id: PropertyId) {
        self.0 |= Self::bit(id);
    }

    /// The largest identifier is 0x2A.
    #[inline]
    fn bit(id: PropertyId) -> u64 {
        1_u64.wrapping_shl(u32::from(id.number()))
    }
}

// === impl PropertiesBuf ===

impl PropertiesBuf {
    /// No properties yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Appends a property.
    ///
    /// `false`, and nothing appended, for a value that the standard cannot express or forbids: a string above
    /// 65,535 bytes, a Receive Maximum of 0, a Maximum QoS of 2 (which is expressed by absence). Whether the
    /// property belongs into the packet, and only once, is the caller's to know.
    #[inline]
    pub fn push(&mut self, property: Property<'_>) -> bool {
        let before = self.0.len();
        self.0.push(property.id().number());
        let written = property.write(&mut self.0);
        if !written {
            self.0.truncate(before);
        }
        written
    }

    /// Removes all properties and keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Whether there are none.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The properties, to put into a packet.
    #[inline]
    pub fn as_properties(&self) -> Properties<'_> {
        Properties(&self.0)
    }
}

impl std::fmt::Debug for PropertiesBuf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_properties().fmt(f)
    }
}

impl<'a> Extend<Property<'a>> for PropertiesBuf {
    fn extend<T: IntoIterator<Item = Property<'a>>>(&mut self, properties: T) {
        for property in properties {
            self.push(property);
        }
    }
}
