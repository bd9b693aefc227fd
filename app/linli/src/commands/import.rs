//! `linli import`: a district's own files into its deployment. All of a file, or nothing.
use super::{Done, Failure, print, read};
use crate::house::{self, How, Place};
use linli_core::{Actor, Cx, Error, Lang, Via};
use linli_registry::{ImportError, Report};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Args {
    /// 单位名册（CSV）· A register of units (CSV); the same file again changes nothing
    Register {
        /// 名册文件 · The register
        file: PathBuf,
        /// 列、层级、类别的对照（TOML）· What its columns, levels and kinds mean (TOML)
        #[arg(long, value_name = "MAP")]
        mapping: PathBuf,
        /// 只检查并报告，不写入 · Only check and report
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        place: Place,
    },
    /// 工作日历（CSV：date,name,is_off,notice）· A calendar of holidays (CSV)
    Calendar {
        /// 日历文件 · The calendar
        file: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

pub(crate) fn run(args: Args) -> Done {
    match args {
        Args::Register { file, mapping, dry_run, place } => register(&place, &file, &mapping, dry_run),
        Args::Calendar { file, place } => calendar(&place, &file),
    }
}

/// The operator at the machine: whoever can open the data directory may do what the system may.
pub(super) fn operator() -> Arc<Actor> {
    Arc::new(Actor { via: Via::Cli, ..Actor::system() })
}

fn register(place: &Place, file: &Path, mapping: &Path, dry_run: bool) -> Done {
    let (name, text) = (shown(file), text(file)?);
    let (map_name, map) = (shown(mapping), self::text(mapping)?);
    let house = house::open(place, How::real())?;
    let import = move |cx: &mut Cx<'_, '_>| linli_registry::import_register(cx, &name, &text, &map_name, &map, dry_run);
    let report = if dry_run { house.read(&operator(), import) } else { house.write(&operator(), import) };
    let report = report.map_err(|e| refused(file, e))?;
    if !report.errors.is_empty() {
        return Err(errors(&report.errors));
    }
    print(&said(&report))
}

fn calendar(place: &Place, file: &Path) -> Done {
    let text = text(file)?;
    check_calendar(file, &text)?;
    let house = house::open(place, How::real())?;
    let years = house
        .write(&operator(), move |cx| linli_registry::publish_calendar_file(cx, &text))
        .map_err(|e| refused(file, e))?;
    if years.is_empty() {
        return print("日历没有变化 · the calendar is the same already");
    }
    let years = years.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
    print(&format!(
        "已公布 {years} 年日历；进行中的时限将重新计算\npublished the calendar of {years}; running clocks will be counted again"
    ))
}

fn said(r: &Report) -> String {
    let Report { created, changed, unchanged, settings, .. } = r;
    let (zh, en) =
        if r.applied { ("已导入", "imported") } else { ("只检查，未写入", "checked only, nothing written") };
    format!(
        "{zh}：新建 {created}，变更 {changed}，相同 {unchanged}，设置 {settings}\n\
         {en}: {created} created, {changed} changed, {unchanged} the same, {settings} settings"
    )
}

/// A line for each thing that is wrong: file:line: field: cause.
pub(super) fn errors(all: &[ImportError]) -> Failure {
    let lines: Vec<String> = all.iter().map(ImportError::to_string).collect();
    let n = lines.len();
    Failure::input(format!("{n} 处有误，未写入 · {n} errors, nothing written\n{}", lines.join("\n")))
}

/// A calendar whose line cannot be read is named by it.
pub(super) fn check_calendar(file: &Path, text: &str) -> Done {
    let read = work_calendar::Calendar::from_csv(text);
    read.map(drop).map_err(|e| Failure::input(format!("{}:{}: calendar: {}", shown(file), e.line, e.cause)))
}

/// A refusal of the use case, field by field, in both languages.
pub(super) fn refused(what: impl AsRef<Path>, e: Error) -> Failure {
    let what = shown(what.as_ref());
    match e {
        Error::Invalid(fields) => {
            let line = |f: &linli_core::FieldError| {
                format!("{what}:0: {}: {} · {}", f.field, f.msg.in_(Lang::Zh), f.msg.in_(Lang::En))
            };
            Failure::input(fields.iter().map(line).collect::<Vec<_>>().join("\n"))
        }
        Error::Conflict(m) | Error::Forbidden(m) => {
            Failure::failed(format!("{} · {}", m.in_(Lang::Zh), m.in_(Lang::En)))
        }
        other => Failure::from(other),
    }
}

/// A whole file as text; where it is not UTF-8, the line is named.
pub(super) fn text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?).map_err(|e| {
        let good = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let line = good.iter().filter(|b| **b == b'\n').count() + 1;
        Failure::input(format!("{}:{line}: 不是 UTF-8 编码 · not UTF-8", path.display()))
    })
}

fn shown(path: &Path) -> String {
    let shown: &dyn Display = &path.display();
    shown.to_string()
}
