//! Importing a register: a table of units and a mapping that names its columns, levels and kinds. Reading and planning are
//! pure; all of a file is applied, or nothing.
use crate::{Function, Level, NewUnit, Renamed, UNITS, Units, admin, publish_hours, root_seat, rules, store, t, units};
use linli_core::{Cx, Error, Lang, Msg, Result, UnitId, time};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use work_calendar::Shifts;

/// How to read a register.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Which column holds what.
    pub columns: Columns,
    /// The district's levels by code.
    pub levels: BTreeMap<String, LevelSpec>,
    /// What the values of the kind column mean.
    pub kinds: BTreeMap<String, KindSpec>,
    /// What the values of the status column mean (`formal`, `preparatory`).
    #[serde(default)]
    pub statuses: BTreeMap<String, String>,
    /// Settings of the district, each with the date from which it holds.
    #[serde(default)]
    pub settings: Vec<SettingSpec>,
    /// Office hours, each with the date from which they hold.
    #[serde(default)]
    pub hours: Vec<HoursSpec>,
}

/// The names of the columns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The unit's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its kind, a key of [`Mapping::kinds`].
    pub kind: String,
    /// The code of the unit above; empty for the root.
    pub parent: String,
    /// Its English name.
    pub name_en: Option<String>,
    /// Its status; formal when empty.
    pub status: Option<String>,
    /// Its public duty telephone.
    pub phone: Option<String>,
}

/// One level.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelSpec {
    /// `place` or `org`.
    pub tree: String,
    /// What it does.
    pub function: Function,
    /// Its Chinese name.
    pub name_zh: String,
    /// Its English name.
    pub name_en: String,
    /// Its order.
    pub depth: i64,
}

/// One kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindSpec {
    /// The level it stands on.
    pub level: String,
    /// Its code in the program.
    pub kind: String,
}

/// One setting.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingSpec {
    /// Its name.
    pub name: String,
    /// The civil date from which it holds.
    pub valid_from: String,
    /// Its value.
    pub value: toml::Value,
}

/// Office hours from a date on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoursSpec {
    /// The civil date from which they hold.
    pub valid_from: String,
    /// Where they come from.
    pub source: String,
    /// The hours.
    pub shifts: Shifts,
}

/// One line of a register, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The unit's code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its English name.
    pub name_en: Option<String>,
    /// The code of its level.
    pub level: String,
    /// Its kind.
    pub kind: String,
    /// The code of the unit above.
    pub parent: Option<String>,
    /// `formal` or `preparatory`.
    pub status: String,
    /// The public duty telephone.
    pub phone: Option<String>,
}

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportError {
    /// The file's name.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: u64,
    /// The column.
    pub field: String,
    /// What is wrong.
    pub cause: Msg,
}

impl std::fmt::Display for ImportError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}:{}: {}: {} · {}",
            self.file,
            self.line,
            self.field,
            self.cause.in_(Lang::Zh),
            self.cause.in_(Lang::En)
        )
    }
}

/// What an import would do.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// New units, each after the unit it lies under.
    pub create: Vec<Record>,
    /// Units in force whose record differs.
    pub change: Vec<(UnitId, Record)>,
    /// Units whose record is the same.
    pub unchanged: usize,
    /// What is wrong; then nothing is applied.
    pub errors: Vec<ImportError>,
}

/// What an import did, or with `applied == false` would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Units made.
    pub created: usize,
    /// Units changed.
    pub changed: usize,
    /// Units that were the same already.
    pub unchanged: usize,
    /// Settings and office hours put in force.
    pub settings: usize,
    /// What is wrong.
    pub errors: Vec<ImportError>,
    /// Whether it was done.
    pub applied: bool,
}

/// Reads a mapping.
///
/// # Errors
/// The line and cause in the words of the TOML reader, and levels that no level table declares.
pub fn parse_mapping(file: &str, text: &str) -> std::result::Result<Mapping, Box<ImportError>> {
    let fail = |line: u64, field: &str, cause: Msg| {
        Box::new(ImportError { file: file.into(), line, field: field.into(), cause })
    };
    let mapping: Mapping = toml::from_str(text).map_err(|e| {
        let line = e.span().and_then(|s| text.get(..s.start)).map_or(0, |before| before.lines().count().max(1) as u64);
        fail(line, "", t::NOT_A_TABLE.with("cause", e.message()))
    })?;
    if let Some((name, _)) = mapping.kinds.iter().find(|(_, k)| !mapping.levels.contains_key(&k.level)) {
        return Err(fail(0, name, t::BAD_LEVEL.msg()));
    }
    let dates = mapping.settings.iter().map(|s| &s.valid_from).chain(mapping.hours.iter().map(|h| &h.valid_from));
    if let Some(date) = dates.into_iter().find(|d| time::parse_day(d).is_none()) {
        return Err(fail(0, date, linli_core::t::NOT_A_DATE.msg()));
    }
    Ok(mapping)
}

/// Reads a register (CSV with a line of column names, UTF-8) by a mapping.
pub fn parse_register(file: &str, text: &str, mapping: &Mapping) -> (Vec<Record>, Vec<ImportError>) {
    let (mut records, mut errors) = (Vec::new(), Vec::new());
    let mut fail = |line: u64, field: &str, cause: Msg| {
        errors.push(ImportError { file: file.into(), line, field: field.into(), cause })
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).trim(csv::Trim::All).from_reader(text.as_bytes());
    let head = match reader.headers() {
        Ok(head) => head.clone(),
        Err(e) => {
            fail(1, "", t::NOT_A_TABLE.with("cause", e));
            return (records, errors);
        }
    };
    let c = &mapping.columns;
    let optional = [&c.name_en, &c.status, &c.phone].into_iter().flatten();
    let mut at = HashMap::new();
    for column in [&c.code, &c.name, &c.kind, &c.parent].into_iter().chain(optional) {
        match head.iter().position(|h| h == column) {
            Some(i) => drop(at.insert(column.as_str(), i)),
            None => fail(1, column, t::NO_COLUMN.with("column", column)),
        }
    }
    if at.len() < 4 {
        return (records, errors);
    }
    let mut seen: HashMap<String, u64> = HashMap::new();
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(e) => {
                fail(e.position().map_or(0, csv::Position::line), "", t::NOT_A_TABLE.with("cause", &e));
                continue;
            }
        };
        let line = row.position().map_or(0, csv::Position::line);
        let field =
            |column: &str| at.get(column).and_then(|i| row.get(*i)).filter(|v| !v.is_empty()).map(str::to_owned);
        let extra = |column: &Option<String>| column.as_deref().and_then(field);
        let (code, name, kind) = (field(&c.code), field(&c.name), field(&c.kind));
        let known = kind.as_ref().and_then(|k| mapping.kinds.get(k));
        let printed = extra(&c.status);
        let status = match &printed {
            None => Some("formal".to_owned()),
            Some(s) => mapping
                .statuses
                .get(s)
                .cloned()
                .or_else(|| ["formal", "preparatory"].contains(&s.as_str()).then(|| s.clone())),
        };
        let (phone, name_en) = (extra(&c.phone), extra(&c.name_en));
        let checks = [
            (code.is_some(), &c.code, t::MISSING.msg()),
            (code.as_deref().is_none_or(rules::code), &c.code, t::BAD_CODE.msg()),
            (name.is_some(), &c.name, t::MISSING.msg()),
            (name.as_deref().is_none_or(rules::name), &c.name, t::BAD_NAME.msg()),
            (name_en.as_deref().is_none_or(rules::name), c.name_en.as_ref().unwrap_or(&c.name), t::BAD_NAME.msg()),
            (known.is_some(), &c.kind, t::UNKNOWN_KIND.with("value", kind.as_deref().unwrap_or_default())),
            (status.is_some(), c.status.as_ref().unwrap_or(&c.kind), t::BAD_STATUS.msg()),
            (rules::phone_ok(phone.as_deref()), c.phone.as_ref().unwrap_or(&c.kind), t::BAD_PHONE.msg()),
        ];
        for (holds, column, cause) in checks {
            if !holds {
                fail(line, column, cause);
            }
        }
        let (Some(code), Some(name), Some(spec), Some(status)) = (code, name, known, status) else { continue };
        if let Some(other) = seen.insert(code.clone(), line) {
            fail(line, &c.code, t::TWICE.with("code", &code).with("line", other));
            continue;
        }
        let (level, kind, parent) = (spec.level.clone(), spec.kind.clone(), field(&c.parent));
        records.push(Record { line, code, name, name_en, level, kind, parent, status, phone });
    }
    (records, errors)
}

/// Compares a register with the units in force.
pub fn plan(file: &str, records: Vec<Record>, units: &Units, mapping: &Mapping) -> Plan {
    let mut plan = Plan::default();
    let mut new: BTreeMap<String, Record> = BTreeMap::new();
    let column = &mapping.columns;
    for r in records {
        let fail =
            |field: &str, cause: Msg| ImportError { file: file.into(), line: r.line, field: field.into(), cause };
        match (units.by_own_code(&r.code), units.by_code(&r.code)) {
            (None, None) => drop(new.insert(r.code.clone(), r)),
            (None, Some(next)) => {
                plan.errors.push(fail(
                    &column.code,
                    t::CODE_RETIRED.with("code", &r.code).with("successor", format!("{} {}", next.code, next.name)),
                ));
            }
            (Some(unit), _) => {
                let parent = unit.parent.and_then(|p| units.get(p)).map(|p| p.code.as_str());
                let english = r.name_en.is_none() || r.name_en == unit.name_en;
                let phone = r.phone.is_none() || r.phone == unit.phone;
                if unit.level != r.level {
                    plan.errors.push(fail(&column.kind, t::BAD_LEVEL.msg()));
                } else if unit.name == r.name
                    && english
                    && phone
                    && unit.kind == r.kind
                    && unit.status == r.status
                    && parent == r.parent.as_deref()
                {
                    plan.unchanged += 1;
                } else {
                    plan.change.push((unit.id, r));
                }
            }
        }
    }
    for (_, r) in &plan.change {
        if r.parent.as_ref().is_some_and(|p| units.by_own_code(p).is_none() && !new.contains_key(p)) {
            let cause = t::NO_PARENT.with("code", r.parent.as_deref().unwrap_or_default());
            plan.errors.push(ImportError { file: file.into(), line: r.line, field: column.parent.clone(), cause });
        }
    }
    // Parents first; what is left when nothing more can be placed has a parent that does not exist, or a circle.
    let mut created: BTreeSet<String> = BTreeSet::new();
    while !new.is_empty() {
        let ready =
            |r: &Record| r.parent.as_ref().is_none_or(|p| units.by_own_code(p).is_some() || !new.contains_key(p));
        let codes: Vec<String> = new.values().filter(|r| ready(r)).map(|r| r.code.clone()).collect();
        if codes.is_empty() {
            let stuck = new.values().map(|r| (r.line, t::CIRCLE.msg())).collect::<Vec<_>>();
            let error = |(line, cause)| ImportError { file: file.into(), line, field: column.parent.clone(), cause };
            plan.errors.extend(stuck.into_iter().map(error));
            break;
        }
        for record in codes.iter().filter_map(|c| new.remove(c)) {
            if let Some(parent) =
                record.parent.as_ref().filter(|p| units.by_own_code(p).is_none() && !created.contains(*p))
            {
                let cause = t::NO_PARENT.with("code", parent);
                plan.errors.push(ImportError {
                    file: file.into(),
                    line: record.line,
                    field: column.parent.clone(),
                    cause,
                });
            }
            created.insert(record.code.clone());
            plan.create.push(record);
        }
    }
    plan.errors.sort_by_key(|e| e.line);
    plan
}

/// Imports a register: levels, settings and units. The same file again changes nothing. With errors, or on a dry run,
/// nothing is applied.
pub fn import_register(
    cx: &mut Cx<'_, '_>,
    file: &str,
    text: &str,
    mapping_file: &str,
    mapping: &str,
    dry_run: bool,
) -> Result<Report> {
    root_seat(cx, UNITS)?;
    let mapping = match parse_mapping(mapping_file, mapping) {
        Ok(mapping) => mapping,
        Err(e) => return Ok(Report { errors: vec![*e], ..Report::default() }),
    };
    let before = units(cx)?;
    let (records, mut errors) = parse_register(file, text, &mapping);
    let plan = plan(file, records, &before, &mapping);
    errors.extend(plan.errors);
    let mut report = Report {
        created: plan.create.len(),
        changed: plan.change.len(),
        unchanged: plan.unchanged,
        errors,
        ..Report::default()
    };
    report.settings = put_settings(cx, &mapping, dry_run || !report.errors.is_empty())?;
    if dry_run || !report.errors.is_empty() {
        return Ok(report);
    }
    let level = |(code, l): (&String, &LevelSpec)| Level {
        code: code.clone(),
        tree: l.tree.clone(),
        function: l.function,
        name_zh: l.name_zh.clone(),
        name_en: l.name_en.clone(),
        depth: l.depth,
    };
    let levels: Vec<Level> = mapping.levels.iter().map(level).collect();
    if levels.iter().any(|l| before.level(&l.code) != Some(l)) {
        admin::put_levels(cx, &levels)?;
    }
    apply_new(cx, &before, plan.create)?;
    for (id, record) in plan.change {
        apply_change(cx, id, record, file)?;
    }
    report.applied = true;
    Ok(report)
}

/// Puts in force what differs from what is; gives how many.
fn put_settings(cx: &mut Cx<'_, '_>, mapping: &Mapping, dry_run: bool) -> Result<usize> {
    let mut n = 0;
    for s in &mapping.settings {
        let value: Value = serde_json::to_value(&s.value).map_err(Error::internal)?;
        if cx.setting::<Value>(&s.name, Value::Null)? == value {
            continue;
        }
        n += 1;
        if !dry_run {
            cx.set_setting(&s.name, time::day_start(time::parse_day(&s.valid_from).unwrap_or_default()), &value)?;
        }
    }
    let held: BTreeMap<i64, Shifts> =
        store::hours(cx.tx)?.into_iter().map(|(day, shifts, _)| (day, shifts.0)).collect();
    for h in &mapping.hours {
        if time::parse_day(&h.valid_from).and_then(|day| held.get(&i64::from(day))) != Some(&h.shifts) {
            n += 1;
            if !dry_run {
                publish_hours(cx, &h.valid_from, &h.shifts, &h.source)?;
            }
        }
    }
    Ok(n)
}

fn apply_new(cx: &mut Cx<'_, '_>, before: &Units, records: Vec<Record>) -> Result<()> {
    let mut ids: HashMap<String, UnitId> = HashMap::new();
    let mut new = Vec::with_capacity(records.len());
    for r in records {
        let id: UnitId = cx.id();
        let parent =
            r.parent.as_ref().and_then(|p| ids.get(p).copied().or_else(|| before.by_own_code(p).map(|u| u.id)));
        ids.insert(r.code.clone(), id);
        let unit = NewUnit {
            parent,
            level: r.level,
            kind: r.kind,
            code: r.code,
            name: r.name,
            name_en: r.name_en,
            status: r.status,
            phone: r.phone,
            valid_from: None,
        };
        new.push((id, unit));
    }
    if new.is_empty() { Ok(()) } else { admin::insert(cx, &new) }
}

fn apply_change(cx: &mut Cx<'_, '_>, id: UnitId, r: Record, file: &str) -> Result<()> {
    let now = units(cx)?;
    let unit = now.get(id).ok_or(Error::NotFound)?;
    let note = format!("{file}:{}", r.line);
    if let Some(parent) = r.parent.as_ref().and_then(|p| now.by_own_code(p))
        && unit.parent != Some(parent.id)
    {
        admin::change_parent(cx, id, parent.id, &note)?;
    }
    if r.phone.is_some() && r.phone != unit.phone {
        admin::set_unit_phone(cx, id, r.phone.as_deref())?;
    }
    if unit.name != r.name
        || unit.kind != r.kind
        || unit.status != r.status
        || (r.name_en.is_some() && r.name_en != unit.name_en)
    {
        let new =
            Renamed { code: None, name: Some(r.name), name_en: r.name_en, kind: Some(r.kind), status: Some(r.status) };
        admin::rename_unit(cx, id, &new, &note)?;
    }
    Ok(())
}
