//! `linli copy`: a whole deployment into an empty one: backup, restore, and the move between the two databases.
use super::{Done, Failure, print};
use crate::house::{self, How, Place};
use linli_core::{Actor, Upload};
use linli_db::{Content, Db, Options, Snapshot};
use linli_matters::{FileStore, Prepared};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// So many matters are put into the full-text index in one transaction.
const HELPING: i64 = 200;

/// Options of `linli copy`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
来源只读，不受影响；嵌入式数据库在服务运行时也可备份。目标必须是空的。
中断的复制会在目标留下标记：在完成之前任何命令都不会打开它；用同样的参数再运行一次，会清空后重新开始。
The source is only read; an embedded database can be copied while it is being served. The target must be empty.
A copy that is broken off leaves a mark: until it is finished no command opens the target. Run it again with the same
arguments: it empties the target and begins anew.
  linli copy --from DIR --to BACKUP                              备份 · backup
  linli copy --from BACKUP --to DIR                              恢复 · restore
  linli copy --from DIR --to DIR2 --to-database postgres://…     搬到 PostgreSQL · move to PostgreSQL
退出码 · Exit codes:
  0  已复制，逐表核对一致 · copied, and every table compared
  1  目标非空、密钥不同、附件损坏或核对不一致 · target not empty, other keys, damaged file, or a difference
  4  来源或目标不可用，或来源是未完成的复制 · source or target not available, or the source is an unfinished copy
未完成的目标上，serve、verify 等命令以 4 退出 · on an unfinished target serve, verify and the others exit with 4")]
pub(crate) struct Args {
    /// 来源数据目录 · Data directory to copy from
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// 来源的 PostgreSQL 地址 · Its PostgreSQL address, if it has one
    #[arg(long, value_name = "URL")]
    from_database: Option<String>,
    /// 目标数据目录 · Data directory to copy to
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// 目标的 PostgreSQL 地址 · Its PostgreSQL address, if it has one
    #[arg(long, value_name = "URL")]
    to_database: Option<String>,
    /// 不显示进度 · No progress
    #[arg(long)]
    quiet: bool,
}

pub(crate) fn run(args: Args) -> Done {
    let from = Place { data: args.from, database: args.from_database };
    let to = Place { data: args.to, database: args.to_database };
    let quiet = args.quiet;
    let copied = copy(&from, &to, &mut |what, n| {
        if !quiet {
            eprint!("\r{what:<24} {n:>10} ");
            let _ = std::io::stderr().flush();
        }
    })?;
    if !quiet {
        eprintln!();
    }
    print(&copied.summary())
}

/// What was copied and found to be the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Copied {
    tables: Vec<Content>,
    files: u64,
    bytes: u64,
    indexed: u64,
}

/// Copies everything and compares it: keys and files first, then the rows, under a mark that goes away last, when they have
/// been compared and the full-text index has been made.
fn copy(from: &Place, to: &Place, progress: &mut dyn FnMut(&'static str, u64)) -> Result<Copied, Failure> {
    crate::house::existing(from)?;
    let options = |p: &Place| Options::new(&p.data).url(p.database.clone());
    let mut source = Snapshot::open(&options(from))?;
    fs::create_dir_all(&to.data).map_err(|e| at(&to.data, &e))?;
    let one_directory = same(&from.data, &to.data);
    let target = linli_db::target(&options(to))?;
    if let Some(table) = linli_db::occupied(&target)? {
        return Err(Failure::failed(format!("目标非空（表 {table}）· the target is not empty (table {table})")));
    }
    let (mut files, mut bytes) = (0, 0);
    if !one_directory {
        copy_keys(&from.data, &to.data)?;
        (files, bytes) = copy_files(&from.data, &to.data, progress)?;
    }
    let tables = linli_db::copy(&mut source, &target, progress).map_err(told)?;
    // What came in while the rows were being read belongs to rows that are not here; what they name was there before.
    drop(source);
    drop(target);
    let unfinished = Options { unfinished: true, ..options(to) };
    let arrived = Snapshot::open(&unfinished)?.contents(progress).map_err(told)?;
    for (was, is) in tables.iter().zip(&arrived) {
        if was != is {
            let (a, b) = (line(was), line(is));
            return Err(Failure::failed(format!("核对不一致 · the copy differs\n{a}\n{b}")));
        }
    }
    let indexed = index(to, progress)?;
    linli_db::finish(&Db::open(&unfinished)?)?;
    Ok(Copied { tables, files, bytes, indexed })
}

/// The database layer's word for a refusal, which a use case would take for a fault of ours.
fn told(e: linli_db::Error) -> Failure {
    match e {
        linli_db::Error::Constraint(_) | linli_db::Error::Decode(_) | linli_db::Error::Bug(_) => Failure::failed(e),
        other => Failure::from(other),
    }
}

fn at(path: &Path, e: &dyn std::fmt::Display) -> Failure {
    Failure::database(format!("{}: {e}", path.display()))
}

fn same(a: &Path, b: &Path) -> bool {
    matches!((fs::canonicalize(a), fs::canonicalize(b)), (Ok(a), Ok(b)) if a == b)
}

/// Every key file; one that is there already must be the same.
fn copy_keys(from: &Path, to: &Path) -> Done {
    let (from, to) = (from.join("keys"), to.join("keys"));
    fs::create_dir_all(&to).map_err(|e| at(&to, &e))?;
    for entry in fs::read_dir(&from).map_err(|e| at(&from, &e))? {
        let path = entry.map_err(|e| at(&from, &e))?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else { continue };
        let (bytes, goal) = (fs::read(&path).map_err(|e| at(&path, &e))?, to.join(name));
        if goal.exists() {
            if fs::read(&goal).map_err(|e| at(&goal, &e))? != bytes {
                return Err(Failure::failed(format!(
                    "{}: 目标有另一部署的密钥 · the target has another deployment's keys",
                    goal.display()
                )));
            }
            continue;
        }
        let mut open = fs::OpenOptions::new();
        open.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut open, 0o600);
        let mut file = open.open(&goal).map_err(|e| at(&goal, &e))?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(|e| at(&goal, &e))?;
    }
    Ok(())
}

/// Every attachment, named by the hash of its content: what does not fit its name is damaged, and nothing is copied over it.
fn copy_files(from: &Path, to: &Path, progress: &mut dyn FnMut(&'static str, u64)) -> Result<(u64, u64), Failure> {
    let (from, store) = (from.join("files"), FileStore(to.join("files")));
    let (mut files, mut total) = (0, 0);
    let folders = if from.is_dir() { entries(&from)? } else { Vec::new() };
    for path in folders.iter().filter(|f| f.is_dir()).map(|f| entries(f)).collect::<Result<Vec<_>, _>>()?.concat() {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.ends_with(".part") {
            continue;
        }
        let bytes = fs::read(&path).map_err(|e| at(&path, &e))?;
        let damaged = |path: &Path| {
            Failure::failed(format!(
                "{}: 内容与名称（散列）不符 · content does not fit its name (hash)",
                path.display()
            ))
        };
        // What is put aside stays so: whether it is removed is decided later.
        let (name, aside) = name.strip_suffix(".aside").map_or((name.clone(), false), |hash| (hash.to_owned(), true));
        if hex(&Sha256::digest(&bytes)) != name {
            return Err(damaged(&path));
        }
        (files, total) = (files + 1, total + bytes.len() as u64);
        let upload = Upload { hash: name.clone(), mime: String::new(), size: bytes.len() as i64, name: String::new() };
        store.put(&Prepared { bytes, upload })?;
        if hex(&Sha256::digest(&store.get(&name)?)) != name {
            return Err(damaged(&store.0.join(name)));
        }
        if aside {
            store.put_aside(&name)?;
        }
        progress("files", files);
    }
    Ok((files, total))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let all: std::io::Result<Vec<PathBuf>> =
        fs::read_dir(folder).and_then(|d| d.map(|e| e.map(|e| e.path())).collect());
    all.map_err(|e| at(folder, &e))
}

/// Makes the full-text index of a copied deployment, in helpings.
fn index(place: &Place, progress: &mut dyn FnMut(&'static str, u64)) -> Result<u64, Failure> {
    let house = house::open(place, How { unfinished: true, ..How::real() })?;
    let system = Arc::new(Actor::system());
    let (mut after, mut done) = (None, 0);
    loop {
        let (last, n) = house.write(&system, move |cx| linli_matters::reindex(cx, after, HELPING))?;
        done += n;
        progress("search", done);
        match last {
            Some(last) => after = Some(last),
            None => return Ok(done),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn line(c: &Content) -> String {
    format!("{:<24} {:>10}  {}", c.table, c.rows, hex(c.hash.get(..8).unwrap_or_default()))
}

impl Copied {
    /// SHA-256 over the tables' hashes: two deployments with the same rows have the same one.
    fn content(&self) -> String {
        hex(&self.tables.iter().fold(Sha256::new(), |h, c| h.chain_update(c.table).chain_update(c.hash)).finalize())
    }
    fn summary(&self) -> String {
        let rows: u64 = self.tables.iter().map(|c| c.rows).sum();
        let mut out = format!("{:<24} {:>10}  {}\n", "表 · table", "行 · rows", "SHA-256");
        for c in &self.tables {
            let _ = writeln!(out, "{}", line(c));
        }
        let Copied { files, bytes, indexed, .. } = self;
        let _ = writeln!(out, "共 {rows} 行，附件 {files} 个（{bytes} 字节），全文索引 {indexed} 件");
        let _ = writeln!(out, "{rows} rows, {files} files ({bytes} bytes), {indexed} matters in the full-text index");
        let _ = write!(out, "来源与目标逐表一致 · source and target agree in every table: {}", self.content());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{self, Scale};
    use linli_core::{Cx, Result};

    const PHOTO: &[u8] = b"RIFF....WAVE: a voice note";

    fn demo(data: &Path) -> Place {
        let place = Place { data: data.to_owned(), database: None };
        let args = demo::Args {
            place: place.clone(),
            seed: 3,
            until: Some("2026-11-20".into()),
            scale: Scale::Hall,
            register: "fictional".into(),
            quiet: true,
        };
        demo::run(args).unwrap();
        let prepared = linli_matters::prepare("a.wav", PHOTO).unwrap();
        FileStore(data.join("files")).put(&prepared).unwrap();
        place
    }
    /// Numbers and titles of the public matters that hold a word, by the index; the newest ones without a word.
    fn found(place: &Place, q: Option<&str>) -> Vec<(String, String)> {
        let house = house::open(place, How::real()).unwrap();
        let search = |cx: &mut Cx<'_, '_>| -> Result<Vec<(String, String)>> {
            let root = linli_registry::units(cx)?.root();
            let anyone = Actor::anyone(Some(root), linli_core::Lang::Zh, linli_core::Via::Cli);
            let scope = house.policy.scope(&anyone, linli_cases::LIST, linli_core::ScopeKind::Public(root), &[root])?;
            let ask = linli_matters::Ask { q: q.map(str::to_owned), limit: 50, ..Default::default() };
            Ok(linli_matters::list(cx, &scope, &ask)?.items.into_iter().map(|m| (m.number, m.title)).collect())
        };
        house.read(&Actor::system(), search).unwrap()
    }

    #[test]
    fn a_district_goes_to_the_other_database_and_back_and_is_the_same() {
        let base = std::env::temp_dir().join(format!("linli_copy_{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        let first = demo(&base.join("a"));
        let (number, title) = found(&first, None).pop().unwrap();
        let word: String = title.chars().take(3).collect();
        let held = found(&first, Some(&word));
        assert!(held.contains(&(number, title)), "{word}");
        let mut places = vec![first];
        // Where the suite gives no PostgreSQL, the copies go from directory to directory.
        let url = std::env::var("LINLI_TEST_PG").ok();
        let name = format!("linli_copy_{}", std::process::id());
        let own = url.as_ref().and_then(|u| u.rfind('/').map(|i| format!("{}/{name}", &u[..i])));
        let admin = |text: &str| {
            if let Some(url) = &url {
                postgres::Client::connect(url, postgres::NoTls).unwrap().batch_execute(text).unwrap();
            } else {
                println!("skipped: no LINLI_TEST_PG");
            }
        };
        admin(&format!("CREATE DATABASE {name}"));
        places.push(Place { data: base.join("b"), database: own });
        places.push(Place { data: base.join("c"), database: None });
        let mut summaries = Vec::new();
        for hop in places.windows(2) {
            let [from, to] = hop else { unreachable!() };
            let copied = copy(from, to, &mut |_, _| ()).unwrap();
            assert_eq!((copied.files, copied.bytes), (1, PHOTO.len() as u64));
            assert_eq!(found(to, Some(&word)), held);
            assert_eq!(
                crate::verify::check(&house::open(to, How::real()).unwrap()).unwrap().faults,
                Vec::<String>::new()
            );
            summaries.push(copied.summary());
            let again = copy(from, to, &mut |_, _| ()).unwrap_err();
            assert_eq!(again.code, 1, "{}", again.message);
        }
        assert_eq!(summaries.first(), summaries.get(1));
        admin(&format!("DROP DATABASE {name} WITH (FORCE)"));

        // Broken off in the middle of the rows, and again in the middle of the index: a mark stays, nobody opens it, and the
        // same command begins anew.
        let url = url.as_ref().map(|_| {
            admin(&format!("CREATE DATABASE {name}"));
            places[1].database.clone().unwrap()
        });
        for database in [None, url] {
            let from = if database.is_some() { &places[0] } else { &places[2] };
            let to = Place { data: base.join("broken"), database };
            for stop in ["acts", "search"] {
                let mut breaks = |what: &str, n: u64| assert!(what != stop || n == 0, "the machine stops");
                let broken = std::panic::AssertUnwindSafe(|| copy(from, &to, &mut breaks).is_ok());
                assert!(!std::panic::catch_unwind(broken).unwrap_or(false), "{stop}");
                for refused in [
                    house::open(&to, How::real()).map(drop).unwrap_err(),
                    copy(&to, &Place { data: base.join("f"), database: None }, &mut |_, _| ()).map(drop).unwrap_err(),
                ] {
                    assert!(refused.code == 4 && refused.message.contains("broken off"), "{}", refused.message);
                }
            }
            let copied = copy(from, &to, &mut |_, _| ()).unwrap();
            assert_eq!(Some(&copied.summary()), summaries.first());
            assert_eq!(found(&to, Some(&word)), held);
            let whole = house::open(&to, How::real()).unwrap();
            assert_eq!(crate::verify::check(&whole).unwrap().faults, Vec::<String>::new());
            drop(whole);
            fs::remove_dir_all(base.join("broken")).unwrap();
        }
        if places[1].database.is_some() {
            admin(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }

        // Damage and foreign keys are found before anything is written.
        let hash = hex(&Sha256::digest(PHOTO));
        fs::write(base.join("c/files").join(&hash[..2]).join(&hash), b"else").unwrap();
        let target = Place { data: base.join("d"), database: None };
        let damaged = copy(&places[2], &target, &mut |_, _| ()).unwrap_err();
        assert!(damaged.code == 1 && damaged.message.contains(&hash), "{}", damaged.message);
        fs::write(base.join("d/keys/secret"), [7; 32]).unwrap();
        let foreign = copy(&places[0], &target, &mut |_, _| ()).unwrap_err();
        assert!(foreign.code == 1 && foreign.message.contains("keys"), "{}", foreign.message);
        let nothing = copy(&Place { data: base.join("e"), database: None }, &target, &mut |_, _| ()).unwrap_err();
        assert_eq!(nothing.code, 4);
        fs::remove_dir_all(&base).unwrap();
    }
}
