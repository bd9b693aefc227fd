//! Behaviour of the opinion groups: small invented conversations, properties, published figures.
#![allow(clippy::unwrap_used)]
mod properties;
mod published;
mod small;
