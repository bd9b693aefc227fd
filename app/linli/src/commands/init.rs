//! `linli init` and `linli user`: a deployment to begin with, and its accounts from the operator's hand.
use super::import::{check_calendar, errors, operator, refused, text};
use super::{Done, Failure, print};
use crate::house::{self, How, Place};
use crate::profile::{PROFILES, Profile};
use linli_core::{Cx, Error, House, Lang, Personal, Role, time};
use linli_registry::{ImportError, NewPerson};
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Options of `linli init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
密码取自环境变量 LINLI_ADMIN_PASSWORD，否则从标准输入读一行。
The password is taken from LINLI_ADMIN_PASSWORD, or else read as one line of standard input.
  linli init --data DIR --register fictional --admin admin
  linli init --data DIR --units units.csv --units departments.csv --mapping map.toml --defaults defaults.json --calendar cn.csv --admin admin")]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
    /// 随程序提供的名册 · A register that ships with the program
    #[arg(long, value_name = "NAME", required_unless_present = "units", conflicts_with = "units")]
    register: Option<String>,
    /// 自备名册（可多次）· One's own register of units (may be given several times)
    #[arg(long, value_name = "FILE", requires = "mapping", requires = "defaults", requires = "calendar")]
    units: Vec<PathBuf>,
    /// 名册的对照（TOML）· What the register's columns, levels and kinds mean (TOML)
    #[arg(long, value_name = "MAP", requires = "units")]
    mapping: Option<PathBuf>,
    /// 时限、类别、职责、派单规则（JSON）· Terms, categories, responsibilities, routing rules (JSON)
    #[arg(long, value_name = "FILE", requires = "units")]
    defaults: Option<PathBuf>,
    /// 工作日历（CSV）· The calendar (CSV)
    #[arg(long, value_name = "FILE", requires = "units")]
    calendar: Option<PathBuf>,
    /// 首位管理员的登录名 · Login of the first administrator
    #[arg(long, value_name = "LOGIN")]
    admin: String,
    /// 管理员姓名，默认同登录名 · The administrator's name, the login by default
    #[arg(long, value_name = "NAME")]
    admin_name: Option<String>,
}

/// What a district begins with: files of its own, read before anything is opened.
struct Files {
    units: Vec<(String, String)>,
    mapping: (String, String),
    calendar: String,
    defaults: linli_cases::Defaults,
}

enum Begin {
    Shipped(&'static Profile),
    Own(Box<Files>),
}

pub(crate) fn run(args: Args) -> Done {
    init(&args, &password("LINLI_ADMIN_PASSWORD")?)?;
    let (login, data) = (&args.admin, args.place.data.display());
    // The address is not repeated: it may hold a password.
    let database = if args.place.database.is_some() { " --database URL" } else { "" };
    print(&format!(
        "已初始化。管理员：{login}。启动：linli serve --data {data}{database}\n\
         initialised. Administrator: {login}. Start with: linli serve --data {data}{database}\n\
         请另外备份 {data}/keys：没有密钥，姓名和电话无法恢复 · keep a copy of {data}/keys elsewhere: without it no name or number can be read"
    ))
}

fn init(args: &Args, password: &str) -> Done {
    let begin = begin(args)?;
    let hash = hash(password)?;
    let house = house::open(&args.place, How::real())?;
    if let Some(table) = linli_db::occupied(&house.db)? {
        return Err(Failure::failed(format!(
            "已有数据（表 {table}）：只能在空的部署上初始化 · there is data already (table {table}): init needs an empty deployment"
        )));
    }
    let name = args.admin_name.clone().unwrap_or_else(|| args.admin.clone());
    begin_with(&house, begin, &args.admin, name, hash)
}

fn begin(args: &Args) -> Result<Begin, Failure> {
    if let Some(name) = &args.register {
        let known = || PROFILES.iter().map(|p| p.name).collect::<Vec<_>>().join(", ");
        let unknown = || Failure { code: 2, message: format!("--register: {name}: known are {}", known()) };
        return Profile::find(name).map(Begin::Shipped).ok_or_else(unknown);
    }
    let (Some(mapping), Some(defaults), Some(calendar)) = (&args.mapping, &args.defaults, &args.calendar) else {
        return Err(Failure { code: 2, message: "--units: --mapping, --defaults, --calendar".into() });
    };
    let named = |p: &PathBuf| Ok::<_, Failure>((p.display().to_string(), text(p)?));
    let json = text(defaults)?;
    let wrong = |e: serde_json::Error| Failure::input(format!("{}:{}: defaults: {e}", defaults.display(), e.line()));
    let days = text(calendar)?;
    check_calendar(calendar, &days)?;
    Ok(Begin::Own(Box::new(Files {
        units: args.units.iter().map(named).collect::<Result<_, _>>()?,
        mapping: named(mapping)?,
        calendar: days,
        defaults: serde_json::from_str(&json).map_err(wrong)?,
    })))
}

/// Register, calendar, defaults and the administrator, in one transaction.
fn begin_with(house: &Arc<House>, begin: Begin, login: &str, name: String, hash: String) -> Done {
    let today = time::civil_day(house.now());
    // A refused file undoes everything; what was wrong in it is told from here.
    let wrong: Arc<Mutex<Vec<ImportError>>> = Arc::default();
    let (tell, admin) = (wrong.clone(), login.to_owned());
    let done = house.write(&operator(), move |cx| {
        match &begin {
            Begin::Shipped(profile) => profile.load(cx, today)?,
            Begin::Own(files) => load(cx, files, today, &tell)?,
        }
        let root = linli_registry::units(cx)?.root();
        let new = NewPerson { name: Personal::new(name.clone()), phone: None, id_number: None, lang: Lang::Zh };
        let person = linli_registry::create_person(cx, root, &new)?;
        linli_registry::appoint(cx, person, root, Role::Admin, false, None)?;
        linli_registry::create_login(cx, person, &admin, &hash)
    });
    let wrong = std::mem::take(&mut *wrong.lock().unwrap_or_else(PoisonError::into_inner));
    if wrong.is_empty() { done.map_err(|e| refused("--admin", e)) } else { Err(errors(&wrong)) }
}

fn load(cx: &mut Cx<'_, '_>, files: &Files, today: i32, tell: &Mutex<Vec<ImportError>>) -> linli_core::Result<()> {
    let (map_name, map) = &files.mapping;
    for (name, text) in &files.units {
        let report = linli_registry::import_register(cx, name, text, map_name, map, false)?;
        if !report.errors.is_empty() {
            *tell.lock().unwrap_or_else(PoisonError::into_inner) = report.errors;
            return Err(Error::internal("the register is wrong"));
        }
    }
    linli_registry::publish_calendar_file(cx, &files.calendar)?;
    linli_cases::load_defaults(cx, &files.defaults, time::day_start(today))
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum User {
    /// 重设密码并退出其所有会话 · Set a new password (LINLI_PASSWORD, or one line of standard input) and end all sessions
    Password {
        /// 登录名 · The login
        login: String,
        #[command(flatten)]
        place: Place,
    },
}

pub(crate) fn user(args: User) -> Done {
    let User::Password { login, place } = args;
    set_password(&place, &login, &password("LINLI_PASSWORD")?)?;
    print(&format!("{login}: 密码已重设，所有会话已退出 · password set, all sessions ended"))
}

fn set_password(place: &Place, login: &str, password: &str) -> Done {
    let hash = hash(password)?;
    house::existing(place)?;
    let house = house::open(place, How::real())?;
    let typed = login.to_owned();
    let done = house.write(&operator(), move |cx| {
        let row = linli_registry::find_login(cx, &typed)?.ok_or(Error::NotFound)?;
        linli_registry::reset_password(cx, row.person, &hash)
    });
    match done {
        Err(Error::NotFound) => Err(Failure::failed(format!("{login}: 没有这个登录名 · no such login"))),
        other => other.map_err(|e| refused(Path::new(login), e)),
    }
}

#[expect(clippy::disallowed_methods)] // a salt, made before there is a Cx
fn hash(password: &str) -> Result<String, Failure> {
    if !linli_registry::rules::password_will_do(password) {
        let t = linli_registry::t::BAD_PASSWORD;
        return Err(Failure::input(format!("{} · {}", t.zh, t.en)));
    }
    Ok(linli_registry::hash_password(password, rand::random()))
}

/// A password from an environment variable, or a line of standard input; never from an argument, which others can see.
fn password(variable: &str) -> Result<String, Failure> {
    if let Ok(password) = std::env::var(variable) {
        return Ok(password);
    }
    let input = std::io::stdin();
    let hidden = input.is_terminal() && {
        eprint!("密码 · Password: ");
        echo(false)
    };
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    if hidden {
        echo(true);
        eprintln!();
    }
    read.map_err(|e| Failure::input(format!("stdin: {e}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// What is typed at a terminal is shown, or not; whether that could be set.
fn echo(on: bool) -> bool {
    let set = std::process::Command::new("stty").arg(if on { "echo" } else { "-echo" }).status();
    set.is_ok_and(|s| s.success())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::import;
    use clap::Parser;
    use linli_core::{Actor, Via};

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }
    fn args(data: &Path, rest: &[&str]) -> Args {
        let data = data.display().to_string();
        Line::try_parse_from(["init", "--data", &data].into_iter().chain(rest.iter().copied())).unwrap().args
    }
    /// The administrator's actor, if the password fits.
    fn signs_in(place: &Place, login: &str, password: &str) -> Option<Actor> {
        let house = house::open(place, How::real()).unwrap();
        let found = |cx: &mut Cx<'_, '_>| linli_registry::find_login(cx, login);
        let row = house.read(&operator(), found).unwrap().unwrap();
        let actor = |cx: &mut Cx<'_, '_>| linli_registry::actor_of(cx, row.person, Via::Page, Lang::Zh);
        linli_registry::check_password(&row.hash, password).then(|| house.read(&operator(), actor).unwrap())
    }
    /// Created, changed, unchanged.
    fn plan(place: &Place, register: &str, mapping: &str) -> (usize, usize, usize) {
        let house = house::open(place, How::real()).unwrap();
        let check = |cx: &mut Cx<'_, '_>| linli_registry::import_register(cx, "r", register, "m", mapping, true);
        let r = house.read(&operator(), check).unwrap();
        (r.created, r.changed, r.unchanged)
    }

    #[test]
    fn an_empty_deployment_begins_once_and_its_administrator_signs_in() {
        let base = std::env::temp_dir().join(format!("linli_init_{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&base);
        let a = args(&base.join("a"), &["--register", "fictional", "--admin", "chen", "--admin-name", "陈"]);
        assert_eq!(init(&a, "short").unwrap_err().code, 3);
        assert!(!base.join("a").exists());
        init(&a, "a long enough one").unwrap();
        let admin = signs_in(&a.place, "chen", "a long enough one").unwrap();
        assert!(admin.is(Role::Admin) && admin.posts.iter().all(|p| Some(p.unit) == admin.root), "{admin:?}");
        let again = init(&a, "a long enough one").unwrap_err();
        assert!(again.code == 1 && again.message.contains("empty"), "{}", again.message);
        set_password(&a.place, "chen", "another long one").unwrap();
        assert!(signs_in(&a.place, "chen", "a long enough one").is_none());
        assert!(signs_in(&a.place, "chen", "another long one").is_some());
        assert_eq!(set_password(&a.place, "nobody", "another long one").unwrap_err().code, 1);
        // A mistyped directory is not a deployment in which all is well.
        let typo = Place { data: base.join("typo"), database: None };
        assert_eq!(set_password(&typo, "chen", "another long one").unwrap_err().code, 4);
        assert!(!typo.data.exists());

        // One's own files: what is wrong is named line by line, and nothing at all was begun.
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let file = |name: &str| data.join(name).display().to_string();
        let good = std::fs::read_to_string(data.join("registers/fictional/units.csv")).unwrap();
        let bad = base.join("bad.csv");
        std::fs::write(&bad, good.replacen("YL-E,", ",", 1)).unwrap();
        let (map, defaults, calendar) =
            (file("registers/fictional/mapping.toml"), file("defaults/fictional.json"), file("calendar/cn.csv"));
        let rest = ["--mapping", &map, "--defaults", &defaults, "--calendar", &calendar, "--admin", "chen"];
        let own = |units: &str| args(&base.join("b"), &[["--units", units].as_slice(), &rest].concat());
        let refused = init(&own(&bad.display().to_string()), "a long enough one").unwrap_err();
        assert!(refused.code == 3 && refused.message.contains("bad.csv:3: "), "{}", refused.message);
        let b = own(&file("registers/fictional/units.csv"));
        init(&b, "a long enough one").unwrap();
        assert!(signs_in(&b.place, "chen", "a long enough one").is_some());

        // Importing: a dry run writes nothing, errors write nothing, the same file again changes nothing.
        let place = || b.place.clone();
        let mapping = std::fs::read_to_string(&map).unwrap();
        let more = base.join("more.csv");
        std::fs::write(&more, good.replacen("河东片区", "河东新片区", 1)).unwrap();
        let register = |file: &Path, dry_run| import::Args::Register {
            file: file.to_owned(),
            mapping: map.clone().into(),
            dry_run,
            place: place(),
        };
        let before = plan(&b.place, &good, &mapping);
        assert_eq!((before.0, before.1), (0, 0));
        import::run(register(&more, true)).unwrap();
        assert_eq!(import::run(register(&bad, false)).unwrap_err().code, 3);
        assert_eq!(plan(&b.place, &good, &mapping), before);
        import::run(register(&more, false)).unwrap();
        assert_eq!(plan(&b.place, &good, &mapping), (0, 1, before.2 - 1));
        import::run(import::Args::Calendar { file: calendar.clone().into(), place: place() }).unwrap();
        std::fs::write(&bad, "date,name\n").unwrap();
        let refused = import::run(import::Args::Calendar { file: bad.clone(), place: place() }).unwrap_err();
        assert!(refused.code == 3 && refused.message.contains("bad.csv:1: calendar: "), "{}", refused.message);
        std::fs::remove_dir_all(&base).unwrap();
    }
}
