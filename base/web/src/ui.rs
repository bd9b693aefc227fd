//! Components: the patterns of `web/README.md`, one function each.
use crate::{Html, t, words};
use linli_core::{Field, FieldError, FieldKind, Lang, Millis, RawInput, Text};
use std::fmt::Write;

/// A status: its colour always comes with an icon and a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Going on.
    Info,
    /// Good.
    Good,
    /// Wants somebody.
    Warn,
    /// Late or dangerous.
    Bad,
    /// Waits.
    Wait,
    /// Of no concern now.
    Quiet,
}

impl Tone {
    /// Its class.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Info => "s-info",
            Tone::Good => "s-good",
            Tone::Warn => "s-warn",
            Tone::Bad => "s-bad",
            Tone::Wait => "s-wait",
            Tone::Quiet => "s-quiet",
        }
    }
}

/// An icon beside a word.
pub fn icon(name: &str) -> Html {
    Html::built(format!(r##"<svg class="icon" aria-hidden="true"><use href="/assets/icons.svg#{name}"/></svg>"##))
}

/// A chip: icon and word in a colour.
pub fn chip(tone: Tone, icon_name: &str, word: &str) -> Html {
    Html::built(format!(r#"<span class="chip {}">{}{}</span>"#, tone.class(), icon(icon_name), Html::text(word)))
}

/// What is left of a due time, kept true by a script while the page is open.
pub fn clock(due: Option<Millis>, paused: bool, now: Millis, lang: Lang) -> Html {
    if paused {
        return Html::built(format!(
            r#"<span class="clock s-quiet">{}<span>{}</span></span>"#,
            icon("pause"),
            t::PAUSED.in_(lang)
        ));
    }
    let Some(due) = due else { return Html::empty() };
    let left = due - now;
    let (tone, name, text) = if left < 0 {
        (Tone::Bad, "warn", t::OVERDUE_BY)
    } else if left < 2 * linli_core::time::HOUR {
        (Tone::Warn, "clock", t::DUE_IN)
    } else {
        (Tone::Quiet, "clock", t::DUE_IN)
    };
    let said = text.with("time", words::span(left, lang)).in_(lang);
    let labels = format!("{}|{}", t::DUE_IN.with("time", "{}").in_(lang), t::OVERDUE_BY.with("time", "{}").in_(lang));
    Html::built(format!(
        r#"<span class="clock {}" data-due="{due}" data-labels="{labels}" title="{}">{}<span>{said}</span></span>"#,
        tone.class(),
        words::exact(due, lang),
        icon(name)
    ))
}

/// A point in time as people say it, exact on hover.
pub fn when(at: Millis, now: Millis, lang: Lang) -> Html {
    let (iso, exact, said) = (linli_core::time::rfc3339(at), words::exact(at, lang), words::when(at, now, lang));
    Html::built(format!(r#"<time datetime="{iso}" title="{exact}">{said}</time>"#))
}

/// The errors of a form, first on the page, each with the name of its field and linked to it.
pub fn errors(list: &[FieldError], lang: Lang) -> Html {
    if list.is_empty() {
        return Html::empty();
    }
    let mut items = String::new();
    for e in list {
        let said = match &e.msg.about {
            Some(label) => {
                let label = label.in_(lang).trim_end_matches(['?', '？']);
                format!("{label}{}{}", t::COLON.in_(lang), e.msg.in_(lang))
            }
            None => e.msg.in_(lang),
        };
        let _ = match e.field.as_str() {
            "" => write!(items, "<li>{}</li>", Html::text(&said)),
            field => write!(items, r##"<li><a href="#f-{}">{}</a></li>"##, Html::text(field), Html::text(&said)),
        };
    }
    // What is wrong with no field is that things are no longer as the form knew them.
    let title = match list.iter().all(|e| e.field.is_empty()) {
        true => t::CONFLICT_TITLE.in_(lang).to_owned(),
        false => t::FIX_N.with("n", list.len()).in_(lang),
    };
    Html::built(format!(
        r#"<div class="errors" role="alert" tabindex="-1" data-focus><h2>{}{title}</h2><ul>{items}</ul></div>"#,
        icon("warn")
    ))
}

/// What somebody had typed into a form that is no longer there.
pub fn typed(title: &str, words: &str) -> Html {
    if words.is_empty() {
        return Html::empty();
    }
    let (title, words) = (Html::text(title), Html::words(words));
    Html::built(format!(r#"<section class="card"><h2>{title}</h2>{words}</section>"#))
}

/// One option of a field whose options come from data.
#[derive(Debug, Clone)]
pub struct Opt {
    /// The value sent.
    pub value: String,
    /// What is read.
    pub label: String,
}

/// What a field is shown with: what was typed, what is wrong, and options from data.
pub struct FieldView<'a> {
    /// The declaration.
    pub field: &'a Field,
    /// A prefix that makes ids unique when a page has several forms.
    pub prefix: &'a str,
    /// What was typed.
    pub raw: &'a RawInput,
    /// What is wrong.
    pub errors: &'a [FieldError],
    /// Options for units, colleagues and categories.
    pub options: &'a [Opt],
    /// The language.
    pub lang: Lang,
}

/// A field with label, hint, error, and what was typed.
pub fn field(v: &FieldView<'_>) -> Html {
    let (f, lang) = (v.field, v.lang);
    let id = format!("f-{}{}", v.prefix, f.name);
    let typed = Html::text(v.raw.get(f.name).unwrap_or_default());
    let optional =
        if f.required { String::new() } else { format!(r#"<span class="optional">{}</span>"#, t::OPTIONAL.in_(lang)) };
    let label = Html::text(f.label.in_(lang));
    let wrong = v.errors.iter().find(|e| e.field == f.name);
    let mut described = Vec::new();
    let hint = f.hint.map_or(String::new(), |h| {
        described.push(format!("{id}-hint"));
        format!(r#"<p class="hint" id="{id}-hint">{}</p>"#, Html::text(h.in_(lang)))
    });
    let error = wrong.map_or(String::new(), |e| {
        described.push(format!("{id}-error"));
        format!(r#"<p class="error" id="{id}-error">{}{}</p>"#, icon("warn"), Html::text(&e.msg.in_(lang)))
    });
    let invalid = if wrong.is_some() { r#" aria-invalid="true""# } else { "" };
    let class = if wrong.is_some() { "field has-error" } else { "field" };
    let by = |described: &[String]| {
        if described.is_empty() { String::new() } else { format!(r#" aria-describedby="{}""#, described.join(" ")) }
    };
    let required = if f.required { " required" } else { "" };
    let name = f.name;
    let wrap = |control: String| {
        format!(r#"<div class="{class}"><label for="{id}">{label}{optional}</label>{hint}{error}{control}</div>"#)
    };
    Html::built(match f.kind {
        FieldKind::Words { max, .. } => {
            described.push(format!("{id}-count"));
            wrap(format!(
                r#"<textarea class="input" id="{id}" name="{name}" maxlength="{}"{}{invalid} data-count="{max}">{typed}</textarea><p class="counter" id="{id}-count">{}</p>"#,
                max * 2,
                by(&described),
                t::AT_MOST.with("n", max).in_(lang)
            ))
        }
        FieldKind::Line { max } => wrap(format!(
            r#"<input class="input" id="{id}" name="{name}" maxlength="{}"{}{invalid} value="{typed}">"#,
            max * 2,
            by(&described)
        )),
        FieldKind::Matter => wrap(format!(
            r#"<input class="input is-medium" id="{id}" name="{name}" maxlength="64"{}{invalid} value="{typed}">"#,
            by(&described)
        )),
        FieldKind::Number { min, max } => wrap(format!(
            r#"<input class="input is-short" id="{id}" name="{name}" inputmode="numeric" type="number" min="{min}" max="{max}"{}{invalid} value="{typed}"{required}>"#,
            by(&described)
        )),
        FieldKind::Date => wrap(format!(
            r#"<input class="input is-medium" id="{id}" name="{name}" type="date"{}{invalid} value="{typed}"{required}>"#,
            by(&described)
        )),
        FieldKind::Yes => {
            let checked = if v.raw.get(name).is_some() { " checked" } else { "" };
            format!(
                r#"<div class="{class}">{error}<label class="check"><input type="checkbox" id="{id}" name="{name}" value="true"{checked}{invalid}>{label}</label>{hint}</div>"#
            )
        }
        FieldKind::Choice(choices) => {
            let mut boxes = String::new();
            for (n, c) in choices.iter().enumerate() {
                let checked = if v.raw.get(name) == Some(c.code) { " checked" } else { "" };
                let own = if n == 0 { format!(r#" id="{id}""#) } else { String::new() };
                let _ = write!(
                    boxes,
                    r#"<label class="choice"><input type="radio"{own} name="{name}" value="{}"{checked}{required}><b>{}</b></label>"#,
                    c.code,
                    Html::text(c.label.in_(lang))
                );
            }
            format!(
                r#"<fieldset class="{class}"{}><legend>{label}{optional}</legend>{hint}{error}<div class="choices">{boxes}</div></fieldset>"#,
                by(&described)
            )
        }
        FieldKind::Files { max } => {
            let (photos, hint) = (t::PHOTOS.in_(lang), t::PHOTOS_HINT.with("n", max).in_(lang));
            described.insert(0, format!("{id}-hint"));
            format!(
                r#"<div class="{class}"><label for="{id}">{photos}{optional}</label><p class="hint" id="{id}-hint">{hint}</p>{error}<div class="picker" data-photos="{max}"><input type="file" id="{id}" name="{name}" accept="image/*" multiple{}><div class="thumbs"></div></div></div>"#,
                by(&described)
            )
        }
        FieldKind::Unit { .. } | FieldKind::Colleague | FieldKind::Category => {
            // Options that bring a word for "none chosen" need no other.
            let blank = v.options.first().is_some_and(|o| o.value.is_empty());
            let mut options =
                if blank { String::new() } else { format!(r#"<option value="">{}</option>"#, t::CHOOSE.in_(lang)) };
            for o in v.options {
                let selected = if v.raw.get(name) == Some(o.value.as_str()) { " selected" } else { "" };
                let _ = write!(
                    options,
                    r#"<option value="{}"{selected}>{}</option>"#,
                    Html::text(&o.value),
                    Html::text(&o.label)
                );
            }
            wrap(format!(
                r#"<select class="input is-medium" id="{id}" name="{name}"{}{invalid}{required}>{options}</select>"#,
                by(&described)
            ))
        }
    })
}

/// A line that says what the system filled in.
pub fn known(said: &str) -> Html {
    Html::built(format!(r#"<p class="known">{}{}</p>"#, icon("info"), Html::text(said)))
}

/// A voice note beside the photos of a form: recorded in the page where that can be done, else a file picked.
pub fn voice(prefix: &str, lang: Lang) -> Html {
    let id = format!("f-{prefix}voice");
    Html::built(format!(
        r#"<div class="field"><label for="{id}">{}<span class="optional">{}</span></label><p class="hint" id="{id}-hint">{}</p><div class="recorder" data-recorder="120"><input type="file" id="{id}" name="files" accept="audio/*" capture aria-describedby="{id}-hint"></div></div>"#,
        t::VOICE.in_(lang),
        t::OPTIONAL.in_(lang),
        t::VOICE_HINT.in_(lang)
    ))
}

/// A bar chart as SVG, 400 units wide, with its numbers in a table beneath: the picture for the eye, the table for everybody.
pub fn bars(caption: &str, note: &str, points: &[(String, i64)], lang: Lang) -> Html {
    if points.is_empty() {
        return Html::empty();
    }
    let top = scale(points.iter().map(|p| p.1).max().unwrap_or(0));
    let (left, right, base, height) = (34, 396, 164, 150);
    let (n, wide) = (points.len() as i64, right - left);
    let y = |v: i64| base - v * height / top;
    let mut svg = String::new();
    for (value, class) in [(top, "gridline"), (top / 2, "gridline"), (0, "axis")] {
        let at = y(value);
        let _ = write!(
            svg,
            r#"<line class="{class}" x1="{left}" x2="{right}" y1="{at}" y2="{at}"/><text text-anchor="end" x="26" y="{}">{value}</text>"#,
            at + 5
        );
    }
    // As many words below as have room.
    let every = (n + 5) / 6;
    let mut rows = String::new();
    for (i, (label, v)) in points.iter().enumerate() {
        let i = i as i64;
        let (x, next) = (left + 2 + i * wide / n, left + 2 + (i + 1) * wide / n);
        let (label, bar) = (Html::text(label), (next - x) * 3 / 4);
        let tall = (base - y(*v)).max(i64::from(*v > 0));
        if tall > 0 {
            let _ = write!(
                svg,
                r#"<rect class="f1" x="{x}" y="{}" width="{}" height="{tall}" rx="1"><title>{label}: {v}</title></rect>"#,
                base - tall,
                bar.max(1)
            );
        }
        if i % every == 0 {
            let _ = write!(svg, r#"<text text-anchor="middle" x="{}" y="188">{label}</text>"#, x + bar / 2);
        }
        let _ = write!(rows, r#"<tr><th scope="row">{label}</th><td class="n">{v}</td></tr>"#);
    }
    let (caption, note) = (Html::text(caption), Html::text(note));
    let about = t::TABLE_OF_CHART.in_(lang);
    Html::built(format!(
        r#"<figure class="chart"><figcaption>{caption}<small>{note}</small></figcaption><svg viewBox="0 0 400 200" role="img" aria-label="{caption}, {note}">{svg}</svg><details><summary>{about}</summary><div class="table-wrap"><table class="table"><caption class="hidden-text">{caption}</caption><tbody>{rows}</tbody></table></div></details></figure>"#
    ))
}

/// The top of a chart's scale: the next even number of one, two or five times a power of ten, so that half of it is whole.
fn scale(most: i64) -> i64 {
    let mut unit = 1;
    loop {
        for step in [2, 4, 10] {
            if step * unit >= most {
                return step * unit;
            }
        }
        unit *= 10;
    }
}

/// What every template needs to speak: a language and the present.
#[derive(Debug, Clone, Copy)]
pub struct Say {
    /// The language of the page.
    pub lang: Lang,
    /// The instant the page is made.
    pub now: Millis,
}

impl Say {
    /// For the actor of a transaction.
    pub fn of(cx: &linli_core::Cx<'_, '_>) -> Say {
        Say { lang: cx.actor.lang, now: cx.now }
    }
    /// A text.
    pub fn t(&self, text: Text) -> &'static str {
        text.in_(self.lang)
    }
    /// A text with one blank.
    pub fn t1(&self, text: Text, name: &'static str, value: impl ToString) -> String {
        text.with(name, value).in_(self.lang)
    }
    /// An icon.
    pub fn icon(&self, name: &str) -> Html {
        icon(name)
    }
    /// A time as people say it.
    pub fn when(&self, at: Millis) -> Html {
        when(at, self.now, self.lang)
    }
    /// The day of a time, where the hour says nothing: since when, until when.
    pub fn date(&self, at: Millis) -> String {
        words::date(linli_core::time::civil_day(at), self.lang)
    }
    /// What is left of a due time.
    pub fn clock(&self, due: Option<Millis>, paused: bool) -> Html {
        clock(due, paused, self.now, self.lang)
    }
    /// A link to the next page of a list.
    pub fn more(&self, href: &str) -> Html {
        Html::built(format!(
            r#"<p class="more"><a class="button" href="{}" rel="next">{}</a></p>"#,
            Html::text(href),
            t::MORE.in_(self.lang)
        ))
    }
}
