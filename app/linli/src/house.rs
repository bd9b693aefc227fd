//! Opens a deployment: its database, its keys, its files.
use crate::commands::Failure;
use crate::modules::{MODULES, kinds};
use linli_core::{House, HouseOptions, Ids, Keys, TimeSource};
use linli_db::{Db, Options};
use linli_matters::FileStore;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where a deployment lives.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// 数据目录（数据库、密钥、附件）· Data directory: database, keys and files
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// PostgreSQL 地址；不写则用数据目录里的嵌入式数据库 · PostgreSQL address; without it the embedded database is used
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

/// How to open it.
pub struct How {
    /// Opens although what is committed may not survive a power cut.
    pub weak: bool,
    /// The clock.
    pub time: TimeSource,
    /// Where ids come from.
    pub ids: Ids,
    /// The keys' secret, when it is not to be random (a seeded demo).
    pub secret: Option<[u8; 32]>,
    /// PostgreSQL, in the suite: each module under the role of this prefix.
    pub roles: Option<String>,
    /// Opens although a copy into it is not finished.
    pub unfinished: bool,
    /// Connections to PostgreSQL, if somebody says how many.
    pub connections: Option<usize>,
}

impl How {
    /// For real: durable, on the machine's clock.
    pub fn real() -> How {
        How {
            weak: false,
            time: TimeSource::Real,
            ids: Ids::Os,
            secret: None,
            roles: None,
            unfinished: false,
            connections: None,
        }
    }
}

/// Opens a deployment, making directory, keys and schema where they are missing.
pub fn open(place: &Place, how: How) -> Result<Arc<House>, Failure> {
    std::fs::create_dir_all(&place.data).map_err(|e| Failure::database(format!("{}: {e}", place.data.display())))?;
    let keys = keys(&place.data, how.secret)?;
    let options = Options {
        weak_durability: how.weak,
        statement_timeout: Duration::from_secs(10),
        ..Options::new(&place.data).url(place.database.clone())
    };
    let options = Options {
        readers: if place.database.is_some() { how.connections.unwrap_or_else(connections) } else { 8 },
        role: how.roles,
        unfinished: how.unfinished,
        ..options
    };
    let db = Db::open(&options)?;
    let kinds = kinds();
    let rules = kinds.rules();
    let files = FileStore(place.data.join("files"));
    Ok(House::new(HouseOptions {
        db,
        keys,
        modules: MODULES.to_vec(),
        rules,
        time: how.time,
        ids: how.ids,
        parts: vec![Arc::new(kinds), Arc::new(files)],
    }))
}

/// Four for each processor, as if PostgreSQL ran on this machine: while some wait for the disk others work, and more of them
/// would only stand in each other's way.
fn connections() -> usize {
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    (4 * processors).clamp(8, 64)
}

/// Refuses a directory without keys: a mistyped one is not a new deployment in which all is well.
pub(crate) fn existing(place: &Place) -> Result<(), Failure> {
    if place.data.join("keys").join("secret").is_file() {
        return Ok(());
    }
    Err(Failure::database(format!(
        "{}: 没有密钥，不是数据目录 · no keys there: not a data directory",
        place.data.display()
    )))
}

/// The deployment's secret: 32 bytes in a file that only its owner may read. Whoever loses it loses every name and number.
#[expect(clippy::disallowed_methods)] // a deployment is begun before there is a Cx
fn keys(data: &Path, given: Option<[u8; 32]>) -> Result<Keys, Failure> {
    let path = data.join("keys").join("secret");
    let bad = |e: &dyn std::fmt::Display| Failure::database(format!("{}: {e}", path.display()));
    if !path.exists() {
        let secret = given.unwrap_or_else(rand::random);
        std::fs::create_dir_all(data.join("keys")).map_err(|e| bad(&e))?;
        let mut open = std::fs::OpenOptions::new();
        open.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        let mut file = open.open(&path).map_err(|e| bad(&e))?;
        file.write_all(&secret).and_then(|()| file.sync_all()).map_err(|e| bad(&e))?;
    }
    let bytes = std::fs::read(&path).map_err(|e| bad(&e))?;
    let secret: [u8; 32] = bytes.try_into().map_err(|_| bad(&"not 32 bytes"))?;
    Ok(Keys::from_secret(&secret))
}
