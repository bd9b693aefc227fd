//! Pages, forms, API answers and protection: the asynchronous shell round the synchronous core.
//!
//! A handler reads the [`Req`], calls one use case through [`App::read`], [`App::write`] or [`App::page`], and shows the
//! answer. Nothing here knows what a case is.
pub mod api;
mod app;
mod assets;
pub mod csv;
pub mod form;
mod frame;
mod html;
mod limits;
mod request;
pub mod ui;
pub mod words;

pub use app::{App, AppOptions, Counts, Identify, PageBody, StoreFile, blocking, encode, local};
pub use assets::asset;
pub use frame::{Nav, NavItem, Width};
pub use html::Html;
pub use request::{Prefs, Req, status_of};

linli_texts::texts!();

/// The shell's words.
pub const MODULE: linli_core::Module = linli_core::Module::named("web").texts(TEXTS);
