//! Typed ids: UUIDv7 made by the program, so that a unit's id cannot be passed where a person's is meant.
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares a typed id that goes into columns, JSON and URLs as its UUID.
#[macro_export]
macro_rules! id {
    ($($(#[$m:meta])* $name:ident),+ $(,)?) => { $(
        $(#[$m])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);
        impl From<uuid::Uuid> for $name { fn from(u: uuid::Uuid) -> Self { $name(u) } }
        impl From<$name> for uuid::Uuid { fn from(id: $name) -> uuid::Uuid { id.0 } }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, uuid::Error> { uuid::Uuid::parse_str(s).map($name) }
        }
        linli_db::impl_column!($name => uuid::Uuid);
    )+ };
}

id! {
    /// A unit of the registry: district, town, committee, estate, department, property enterprise …
    UnitId,
    /// A person.
    PersonId,
    /// A post: a person acting for a unit in a role, with validity.
    PostId,
    /// A place: building, door, dwelling or public spot.
    PlaceId,
    /// A matter: anything that moves.
    MatterId,
    /// An act: one entry of a matter's timeline.
    ActId,
    /// A stored file.
    FileId,
}

/// The idempotency key of a command from outside: 8 to 64 letters, digits and hyphens, chosen by the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandKey(String);

impl CommandKey {
    /// Reads a key; anything else than 8–64 of `A–Z a–z 0–9 - _` is refused.
    pub fn parse(s: &str) -> Option<CommandKey> {
        let fits =
            (8..=64).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| CommandKey(s.to_owned()))
    }
    /// A key of our own, for a form that is being shown.
    pub fn of(id: Uuid) -> CommandKey {
        CommandKey(id.simple().to_string())
    }
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
