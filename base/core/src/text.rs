//! Words in two languages. A text is a constant made by `texts!()`; a message is a text with its blanks filled.
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// The language of a page or an answer. Chinese is first, English complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// 中文
    #[default]
    Zh,
    /// English
    En,
}

impl Lang {
    /// `zh` or `en`, as in `lang` attributes, query strings and cookies.
    pub fn code(self) -> &'static str {
        match self {
            Lang::Zh => "zh",
            Lang::En => "en",
        }
    }
    /// Something with a remark behind it, in the parentheses of the language.
    pub fn with_remark(self, what: &str, remark: &str) -> String {
        match self {
            Lang::Zh => format!("{what}（{remark}）"),
            Lang::En => format!("{what} ({remark})"),
        }
    }
    /// Reads a language tag (`zh-CN`, `en`); anything else is none.
    pub fn parse(tag: &str) -> Option<Lang> {
        match tag.split(['-', '_', ';', ',']).next()?.trim() {
            "zh" => Some(Lang::Zh),
            "en" => Some(Lang::En),
            _ => None,
        }
    }
}

/// One text in both languages. A blank is written `{name}`; `{name:day|days}` says the first word if the value is 1,
/// otherwise the second (Chinese needs none).
#[derive(Debug, Clone, Copy)]
pub struct Text {
    /// `module.key`: the code of an error in the API.
    pub key: &'static str,
    /// Chinese.
    pub zh: &'static str,
    /// English.
    pub en: &'static str,
}

impl PartialEq for Text {
    fn eq(&self, other: &Text) -> bool {
        self.key == other.key
    }
}
impl Eq for Text {}

impl Text {
    /// The text in a language, blanks as they stand.
    pub fn in_(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Zh => self.zh,
            Lang::En => self.en,
        }
    }
    /// A message of this text without blanks.
    pub fn msg(self) -> Msg {
        Msg { text: self, args: Vec::new(), about: None }
    }
    /// A message with its first blank filled.
    pub fn with(self, name: &'static str, value: impl ToString) -> Msg {
        self.msg().with(name, value)
    }
}

/// A text with its blanks filled: what an error or a notice says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Msg {
    /// The text.
    pub text: Text,
    /// The blanks by name.
    pub args: Vec<(&'static str, String)>,
    /// The label of the field it is about: said where the message stands apart from its field.
    pub about: Option<Box<Text>>,
}

impl Msg {
    /// Fills one more blank.
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Msg {
        self.args.push((name, value.to_string()));
        self
    }
    /// Names the field it is about.
    pub fn about(self, label: Text) -> Msg {
        Msg { about: Some(Box::new(label)), ..self }
    }
    /// The message in a language. A value is put in as it is: escaping is the page's work.
    pub fn in_(&self, lang: Lang) -> String {
        let mut out = String::new();
        let mut rest = self.text.in_(lang);
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            match after.split_once('}') {
                Some((blank, tail)) => {
                    let (name, words) = blank.split_once(':').unwrap_or((blank, ""));
                    match self.args.iter().find(|(n, _)| *n == name) {
                        Some((_, value)) => out.push_str(match words.split_once('|') {
                            Some((one, many)) => {
                                if value == "1" {
                                    one
                                } else {
                                    many
                                }
                            }
                            None => value,
                        }),
                        None => drop(write!(out, "{{{name}}}")),
                    }
                    rest = tail;
                }
                None => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        out
    }
}

impl From<Text> for Msg {
    fn from(text: Text) -> Msg {
        text.msg()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_are_filled_once_and_values_are_not_read_again() {
        let text = Text { key: "x", zh: "{a} 与 {b}", en: "{b} and {a}" };
        let msg = text.with("a", "{b}").with("b", 2);
        assert_eq!(msg.in_(Lang::Zh), "{b} 与 2");
        assert_eq!(msg.in_(Lang::En), "2 and {b}");
    }

    #[test]
    fn english_says_one_day_and_two_days() {
        let text = Text { key: "x", zh: "{n} 天", en: "{n} {n:day|days}" };
        assert_eq!([text.with("n", 1).in_(Lang::En), text.with("n", 2).in_(Lang::En)], ["1 day", "2 days"]);
        assert_eq!(text.with("n", 1).in_(Lang::Zh), "1 天");
    }
}
