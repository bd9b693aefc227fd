//! The frame round every page: residents' on a phone, the desk's at a desk.
use crate::request::Prefs;
use crate::{Html, assets, t, ui};
use askama::Template;
use linli_core::{Lang, Millis, Result, Text};

/// One place of the navigation.
#[derive(Debug, Clone)]
pub struct NavItem {
    /// Where it leads.
    pub href: String,
    /// Its icon.
    pub icon: &'static str,
    /// Its name.
    pub label: String,
    /// How many things await somebody there; more than [`NavItem::MOST`] are told as such.
    pub count: i64,
}

impl NavItem {
    /// The largest number a badge shows.
    pub const MOST: i64 = 30;
}

/// The navigation for an actor.
#[derive(Debug, Clone, Default)]
pub struct Nav {
    /// Where one is: the committee or unit.
    pub place: String,
    /// Residents' tabs.
    pub tabs: Vec<NavItem>,
    /// The desk's side navigation.
    pub side: Vec<NavItem>,
    /// The committee's telephone.
    pub phone: Option<String>,
    /// Whether somebody is signed in.
    pub signed_in: bool,
}

pub(crate) struct Frame {
    pub(crate) lang: Lang,
    pub(crate) prefs: Prefs,
    pub(crate) here: String,
    pub(crate) now: Millis,
    pub(crate) title: String,
    pub(crate) nav: Nav,
    pub(crate) name: String,
    /// An opaque sign of the account: drafts and what waits to be sent belong to one person, also on a shared phone.
    pub(crate) account: Option<String>,
    /// The draft that has just arrived.
    pub(crate) draft_done: Option<&'static str>,
    pub(crate) desk: bool,
    pub(crate) width: Width,
    pub(crate) body: Html,
}

/// How wide `main` is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Width {
    /// A page of cards and lists.
    #[default]
    Usual,
    /// One column of words or a form.
    Narrow,
    /// The whole window: the list with the matter beside it.
    Full,
}

impl Width {
    fn class(self) -> &'static str {
        match self {
            Width::Usual => "",
            Width::Narrow => " class=\"is-narrow\"",
            Width::Full => " class=\"is-full\"",
        }
    }
}

#[derive(Template)]
#[template(path = "frame.html")]
struct FrameView<'a> {
    f: &'a Frame,
    css: String,
    js: Option<String>,
    favicon: String,
}

impl FrameView<'_> {
    fn t(&self, text: Text) -> &'static str {
        text.in_(self.f.lang)
    }
    fn icon(&self, name: &str) -> Html {
        ui::icon(name)
    }
    /// Whether a place of the navigation is where we are.
    fn current(&self, href: &str) -> bool {
        let path = self.f.here.split('?').next().unwrap_or_default();
        path == href || (href != "/" && path.starts_with(href) && path.as_bytes().get(href.len()) == Some(&b'/'))
    }
    fn main(&self) -> Html {
        Html::built(format!(r#"<main id="main" tabindex="-1"{}>{}</main>"#, self.f.width.class(), self.f.body))
    }
    fn html_lang(&self) -> &'static str {
        match self.f.lang {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }
    /// The language to change to: its value, its tag, its whole name and its short one.
    fn other(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self.f.lang {
            Lang::Zh => ("en", "en", "EN, English", "EN"),
            Lang::En => ("zh", "zh-CN", "中文", "中文"),
        }
    }
    /// How many things await somebody at a place of the navigation.
    fn count(&self, item: &NavItem) -> Html {
        let more = if item.count > NavItem::MOST { "+" } else { "" };
        match item.count.min(NavItem::MOST) {
            ..=0 => Html::empty(),
            n => Html::built(format!(
                r#"<span class="count">{n}{more}<span class="hidden-text">{}</span></span>"#,
                self.t(t::N_AWAIT)
            )),
        }
    }
}

pub(crate) fn render(f: &Frame) -> Result<String> {
    let js = assets::has("app.js").then(|| assets::asset("app.js"));
    let view = FrameView { f, css: assets::asset("app.css"), js, favicon: assets::asset("favicon.svg") };
    view.render().map_err(linli_core::Error::internal)
}

/// The body of an error page: what happened, what to do, and a way on. Only what may pass by itself is tried again.
pub(crate) fn refusal(title: Text, said: &str, fields: Html, again: Option<(&str, Text)>, lang: Lang) -> Html {
    let again = again
        .map(|(href, word)| format!(r#"<a class="button is-main" href="{}">{}</a>"#, Html::text(href), word.in_(lang)));
    let home = if again.is_some() { "button" } else { "button is-main" };
    Html::built(format!(
        r#"{fields}<div class="title"><h1>{}</h1><p>{}</p></div><p class="muted">{}</p><div class="buttons">{}<a class="{home}" href="/">{}</a></div>"#,
        title.in_(lang),
        Html::text(said),
        t::ERROR_HELP.in_(lang),
        again.unwrap_or_default(),
        t::GO_HOME.in_(lang)
    ))
}
