//! Reporting: words and place first, everything else optional, and a preview exactly as neighbours will see it.
use crate::{Category, procedure, rules, store, t};
use linli_core::{
    Cx, Error, Facts, Field, FieldError, FieldKind, Input, Personal, PlaceId, Result, Seat, UnitId, Upload,
};
use linli_matters::{Matter, NewMatter};
use linli_registry::Place;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

/// What a report asks. Category, photos and the unit complained about may be left empty.
pub const FIELDS: &[Field] = &[
    Field::required("words", t::F_WORDS, FieldKind::Words { min: 4, max: 2000 }).hint(t::F_WORDS_HINT),
    Field::new("place", t::F_PLACE, FieldKind::Unit { picker: "place" }),
    Field::new("place_text", t::F_PLACE_TEXT, FieldKind::Line { max: 80 }),
    Field::new("committee", t::F_COMMITTEE, FieldKind::Unit { picker: "committee" }),
    Field::new("category", t::F_CATEGORY, FieldKind::Category),
    Field::new("named", t::F_NAMED, FieldKind::Unit { picker: "any" }).hint(t::F_NAMED_HINT),
    Field::new("private", t::F_PRIVATE, FieldKind::Yes),
    Field::new("on_behalf", t::F_ON_BEHALF, FieldKind::Line { max: 40 }),
    Field::new("phone", t::F_PHONE, FieldKind::Line { max: 20 }),
    Field::new("consent", t::F_CONSENT, FieldKind::Yes),
    Field::new("files", t::F_FILES, FieldKind::Files { max: 6 }),
];

/// A report that has passed its fields.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Report {
    /// What is wrong.
    pub words: String,
    /// Where, from the address tree.
    pub place: Option<PlaceId>,
    /// Where, in words.
    pub place_text: String,
    /// The committee, when no place was picked.
    pub committee: Option<UnitId>,
    /// The category's code; empty: "not sure, let the committee choose".
    pub category: String,
    /// The unit complained about.
    pub named: Option<UnitId>,
    /// Only for those who handle it.
    pub private: bool,
    /// The resident for whom staff reports, by name.
    pub on_behalf: Option<String>,
    /// The resident's telephone.
    pub phone: Option<String>,
    /// The resident has agreed.
    pub consent: bool,
    /// Photos and voice notes.
    pub files: Vec<Upload>,
}

/// Reads a report from checked input. A voice note may stand for the words.
pub fn read(raw: &linli_core::RawInput, strict: bool) -> Result<Report> {
    let spoken = raw.files.get("files").is_some_and(|f| f.iter().any(|f| f.mime.starts_with("audio/")));
    let mut raw = raw.clone();
    if spoken && raw.get("words").is_none() {
        raw = raw.set("words", t::SPOKEN.zh);
    }
    let input = Input::check(FIELDS, &raw, strict)?;
    Ok(Report {
        words: input.words("words").to_owned(),
        place: input.id("place"),
        place_text: input.words("place_text").to_owned(),
        committee: input.id("committee"),
        category: input.words("category").to_owned(),
        named: input.id("named"),
        private: input.yes("private"),
        on_behalf: input.text("on_behalf").map(str::to_owned),
        phone: input.text("phone").map(str::to_owned),
        consent: input.yes("consent"),
        files: input.files().cloned().collect(),
    })
}

/// What becomes of a report before it is sent.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The title neighbours will see.
    pub title: String,
    /// The words neighbours will see, personal numbers masked.
    pub words: String,
    /// The place in words.
    pub place: String,
    /// The category, if chosen.
    pub category: Option<Category>,
    /// Who else will see it; none: only those who handle it.
    pub audience: Option<UnitId>,
    /// Who gets it first.
    pub unit: UnitId,
    /// Life and safety: show the emergency numbers first.
    pub danger: bool,
    /// Open reports at the same place that the reporter may see.
    pub similar: Vec<Matter>,
}

struct Placed {
    place: Option<Place>,
    name: String,
    committee: UnitId,
    within: Vec<UnitId>,
}

/// Where it is: the picked place, else the committee chosen, else the committee of the reporter's home.
fn locate(cx: &mut Cx<'_, '_>, r: &Report) -> Result<Placed> {
    let units = linli_registry::units(cx)?;
    if let Some(id) = r.place {
        let place = linli_registry::place(cx, id)?.ok_or(Error::field("place", linli_core::t::NOT_AN_ID))?;
        let within = linli_registry::place_within(cx, &place)?;
        let name =
            if r.place_text.is_empty() { place.name.clone() } else { format!("{} {}", place.name, r.place_text) };
        return Ok(Placed { committee: place.committee, name, within, place: Some(place) });
    }
    let committee = match r.committee {
        Some(unit) => units.committee_of(unit).ok_or(Error::field("committee", linli_core::t::NOT_AN_ID))?,
        None => cx.actor.homes.first().map(|h| h.committee).ok_or(Error::field("place", t::E_WHERE))?,
    };
    if units.get(committee).is_none_or(|u| u.valid_until.is_some()) {
        return Err(Error::field("committee", linli_core::t::NOT_AN_ID));
    }
    let name =
        if r.place_text.is_empty() { units.name(committee, cx.actor.lang).to_owned() } else { r.place_text.clone() };
    Ok(Placed { place: None, name, committee, within: units.path(committee).to_vec() })
}

/// Who may see it: the category says how far, the place how near. Nothing about a named unit or a private category is
/// ever seen by neighbours.
fn audience(cx: &mut Cx<'_, '_>, r: &Report, placed: &Placed, category: Option<&Category>) -> Result<Option<UnitId>> {
    if r.private || r.named.is_some() {
        return Ok(None);
    }
    let root = linli_registry::units(cx)?.root();
    let (estate, group) = placed.place.as_ref().map_or((None, None), |p| (p.estate, p.group));
    let reach = category.map_or("estate", |c| c.audience.as_str());
    Ok(match reach {
        "private" => None,
        "root" => Some(root),
        "committee" => Some(placed.committee),
        // Inside a building only the building sees it, whatever wider audience the category allows below the committee.
        "group" => Some(group.or(estate).unwrap_or(placed.committee)),
        _ => Some(match placed.place.as_ref().map(|p| p.kind.as_str()) {
            Some("dwelling" | "door" | "building") => group.or(estate).unwrap_or(placed.committee),
            _ => estate.unwrap_or(placed.committee),
        }),
    })
}

struct Decided {
    placed: Placed,
    category: Option<Category>,
    audience: Option<UnitId>,
    route: rules::Route,
    class: String,
}

fn decide(cx: &mut Cx<'_, '_>, r: &Report) -> Result<Decided> {
    let placed = locate(cx, r)?;
    let categories = crate::categories(cx)?;
    let category = categories.iter().find(|c| c.code == r.category).cloned();
    if category.is_none() && !r.category.is_empty() {
        return Err(Error::field("category", t::E_CATEGORY));
    }
    if let Some(named) = r.named
        && linli_registry::units(cx)?.get(named).is_none()
    {
        return Err(Error::field("named", linli_core::t::NOT_AN_ID));
    }
    let audience = audience(cx, r, &placed, category.as_ref())?;
    let class = category.as_ref().map_or("ordinary".to_owned(), |c| c.term_class.clone());
    let facts = rules::RouteFacts {
        categories: rules::chain(&categories, &r.category),
        class: class.clone(),
        path: placed.within.clone(),
        committee: placed.committee,
        estate: placed.place.as_ref().and_then(|p| p.estate),
        place: placed.place.as_ref().map(|p| p.kind.clone()),
        named: r.named,
    };
    let rules = crate::routing_rules(cx)?;
    let units = linli_registry::units(cx)?;
    let route = rules::route(&rules, &units, &facts, "report", cx.now);
    Ok(Decided { placed, category, audience, route, class })
}

/// Exactly what will be seen and by whom, without sending anything.
pub fn preview(cx: &mut Cx<'_, '_>, r: &Report) -> Result<Preview> {
    seat(cx, r)?;
    let d = decide(cx, r)?;
    let similar = match r.place {
        Some(place) => linli_matters::open_at(cx, place)?,
        None => Vec::new(),
    };
    Ok(Preview {
        title: linli_matters::rules::title(&r.words),
        words: linli_matters::rules::mask(&r.words),
        place: d.placed.name,
        danger: d.category.as_ref().is_some_and(|c| c.danger),
        category: d.category,
        audience: d.audience,
        unit: d.route.unit,
        similar,
    })
}

/// Residents report for themselves; staff report for a resident who has agreed.
fn seat(cx: &mut Cx<'_, '_>, r: &Report) -> Result<Seat> {
    if r.on_behalf.is_none() {
        let facts = Facts { reporter: cx.actor.person, ..Facts::default() };
        return cx.may(procedure::REPORT, procedure::REPORT, &facts);
    }
    let placed = locate(cx, r)?;
    let units = linli_registry::units(cx)?;
    let path = units.path(placed.committee).to_vec();
    let facts = Facts { place_path: path.clone(), owner_path: path, ..Facts::default() };
    // The committee is no secret: whoever may not report for others there is told so.
    cx.may(procedure::REPORT_FOR, procedure::LIST, &facts).map_err(|e| match e {
        Error::NotFound => Error::forbidden(linli_core::t::FORBIDDEN),
        e => e,
    })
}

/// Sends a report: one matter, one act, its clocks, its first desk.
pub fn report(cx: &mut Cx<'_, '_>, r: &Report) -> Result<Matter> {
    let seat = seat(cx, r)?;
    let d = decide(cx, r)?;
    for (rule, why) in &d.route.passed_over {
        if *why == rules::BROKEN {
            linli_matters::raise(cx, t::ALARM_BROKEN_RULE.key, &rule.to_string())?;
        }
    }
    let reporter = match &r.on_behalf {
        None => cx.actor.person,
        Some(name) => Some(on_behalf(cx, r, name, d.placed.committee)?),
    };
    let urgent = d.class == "urgent";
    let assignee = if urgent { linli_registry::duty(cx, d.route.unit)?.first().copied() } else { None };
    let category = d.category.map(|c| c.code).unwrap_or_default();
    let mut data = Map::new();
    data.insert("route".into(), serde_json::to_value(&d.route).map_err(Error::internal)?);
    data.insert("unit".into(), json!(d.route.unit));
    if r.on_behalf.is_some() {
        data.insert("on_behalf".into(), json!(true));
    }
    // An estate may reach into another committee: what is reported there is not under the estate's own one.
    let units = linli_registry::units(cx)?;
    let own = |u: &UnitId| units.committee_of(*u) == Some(d.placed.committee);
    let within = d.placed.within.iter().copied().rfind(own).unwrap_or(d.placed.committee);
    let new = NewMatter {
        kind: "case",
        state: "received",
        act: procedure::REPORT,
        title: linli_matters::rules::title(&r.words),
        counts: vec![format!("opened.category:{category}"), format!("opened.class:{}", d.class)],
        category,
        term_class: d.class,
        place: r.place,
        place_name: d.placed.name,
        within,
        committee: d.placed.committee,
        owner: d.route.unit,
        assignee,
        reporter,
        audience: d.audience,
        named: r.named,
        parent: None,
        words: r.words.clone(),
        files: r.files.clone(),
        data,
        stages: vec!["answer"],
    };
    let matter = linli_matters::open(cx, &seat, new)?;
    store::put_case(cx.tx, matter.id, r.on_behalf.is_some())?;
    if urgent {
        cx.emit("cases.urgent", matter.id, json!({"unit": matter.owner, "committee": matter.committee}))?;
    }
    Ok(matter)
}

/// The person for whom staff reports: found by telephone, or entered. The consent stands in the act, with who took it.
fn on_behalf(cx: &mut Cx<'_, '_>, r: &Report, name: &str, committee: UnitId) -> Result<linli_core::PersonId> {
    let mut wrong = Vec::new();
    if !r.consent {
        wrong.push(FieldError { field: "consent".into(), msg: t::E_CONSENT.msg() });
    }
    let phone = r.phone.clone().unwrap_or_default();
    if phone.is_empty() {
        wrong.push(FieldError { field: "phone".into(), msg: linli_core::t::REQUIRED.msg() });
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let (name, phone) = (Personal::new(name.to_owned()), Personal::new(phone));
    if let Some(known) = linli_registry::find_person(cx, committee, &phone)?.first() {
        return Ok(*known);
    }
    let new = linli_registry::NewPerson { name, phone: Some(phone), id_number: None, lang: linli_core::Lang::Zh };
    linli_registry::create_person(cx, committee, &new)
}
