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
    /// How many things await somebody there.
    pub count: Option<i64>,
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
    pub(crate) desk: bool,
    pub(crate) narrow: bool,
    pub(crate) body: Html,
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
    fn html_lang(&self) -> &'static str {
        match self.f.lang {
            Lang::Zh => "zh-CN",
            Lang::En => "en",
        }
    }
    fn other(&self) -> (&'static str, &'static str) {
        match self.f.lang {
            Lang::Zh => ("en", "en"),
            Lang::En => ("zh", "zh-CN"),
        }
    }
}

pub(crate) fn render(f: &Frame) -> Result<String> {
    let js = assets::has("app.js").then(|| assets::asset("app.js"));
    let view = FrameView { f, css: assets::asset("app.css"), js, favicon: assets::asset("favicon.svg") };
    view.render().map_err(linli_core::Error::internal)
}

/// The body of an error page: what happened, what to do, and a way on.
pub(crate) fn refusal(title: Text, said: &str, fields: Html, here: &str, lang: Lang) -> Html {
    Html::built(format!(
        r#"<div class="title"><h1>{}</h1><p>{}</p></div>{fields}<div class="buttons"><a class="button is-main" href="{}">{}</a><a class="button" href="/">{}</a></div>"#,
        title.in_(lang),
        Html::text(said),
        Html::text(here),
        t::TRY_AGAIN.in_(lang),
        t::HOME.in_(lang)
    ))
}
