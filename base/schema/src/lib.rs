//! The schema, written once in PostgreSQL's words; SQLite reads the same text with a few words changed.
//!
//! `migrations/NNNN_<module>[_what].sql`: the number orders, the first word of the name is the module that owns the
//! tables created there. `*.sqlite.sql` and `*.pg.sql` are for one engine. A comment line `-- append-only: a, b` makes
//! triggers on both engines that refuse UPDATE and DELETE.
pub mod lex;
mod model;

pub use model::{ColumnInfo, ColumnType, Engine, ForeignKey, Migration, Schema, TableInfo, sqlite_word};
use std::sync::LazyLock;

const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/migrations.rs"));

// The build script has read the same files with the same code, so there is nothing left to refuse here.
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::read(FILES.iter().copied()).unwrap_or_default());

/// The schema of this program.
pub fn schema() -> &'static Schema {
    &SCHEMA
}

/// The migrations of an engine in order: number, name, module and text.
pub fn migrations(engine: Engine) -> impl Iterator<Item = (i64, &'static str, &'static str, String)> {
    SCHEMA.migrations.iter().filter_map(move |m| Some((m.number, m.name.as_str(), m.module.as_str(), m.text(engine)?)))
}

/// Every table with its owner.
pub fn tables() -> &'static [TableInfo] {
    &SCHEMA.tables
}
