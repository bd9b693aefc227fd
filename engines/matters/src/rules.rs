//! Pure rules: numbers, titles, masks and search terms.
use linli_core::{Millis, UnitId, time};

/// A matter's public number: the committee's code, the civil year and the running number within both.
pub fn number(committee_code: &str, at: Millis, n: i64) -> String {
    format!("{committee_code}-{}-{n}", time::civil_year(at))
}

/// Masks mainland mobile numbers (11 digits from 13 to 19), other runs of 11 or more digits and identity numbers (18
/// characters, GB 11643), keeping the first three and the last two characters, so that free text in lists and in the
/// index carries no personal numbers. Spaces and hyphens between digits do not hide a number.
pub fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = chars.clone();
    let mut i = 0;
    while i < chars.len() {
        let Some(first) = chars.get(i) else { break };
        if !first.is_ascii_digit() {
            i += 1;
            continue;
        }
        // A run of digits, with single separators between them, and an X that ends an identity number.
        let (mut end, mut digits, mut at) = (i, vec![], i);
        while let Some(&c) = chars.get(at) {
            let next_is_digit = chars.get(at + 1).is_some_and(char::is_ascii_digit);
            if c.is_ascii_digit() || (matches!(c, 'x' | 'X') && digits.len() == 17) {
                digits.push(at);
                end = at + 1;
            } else if !(matches!(c, ' ' | '-') && next_is_digit) {
                break;
            }
            at += 1;
        }
        if digits.len() >= 11 {
            for &d in digits.iter().skip(3).take(digits.len().saturating_sub(5)) {
                if let Some(c) = out.get_mut(d) {
                    *c = '*';
                }
            }
        }
        i = end.max(i + 1);
    }
    out.into_iter().collect()
}

fn cjk(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// A title from what was said: the first sentence, at most 40 characters, masked.
pub fn title(words: &str) -> String {
    let masked = mask(words.trim());
    let sentence =
        masked.split(['\n', '。', '！', '？', '!', '?']).find(|s| !s.trim().is_empty()).unwrap_or_default().trim();
    let Some((end, cut)) = sentence.char_indices().nth(40) else { return sentence.to_owned() };
    let title = &sentence[..end];
    // A word of letters is not cut in two, if it began within what is shown.
    let letter = |c: char| c.is_alphanumeric() && !cjk(c);
    let whole = match title.rfind(|c| !letter(c)) {
        Some(at) if letter(cut) && title.ends_with(letter) => {
            &title[..at + title[at..].chars().next().map_or(0, char::len_utf8)]
        }
        _ => title,
    };
    format!("{}…", whole.trim_end())
}

/// Overlapping pairs of CJK characters and the last of each run alone, whole lower-cased words otherwise: one index text for
/// FTS5 and tsvector alike. So each character begins a term, and a single one is found by the terms that begin with it.
pub fn terms(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let (mut prev, mut word) = (None::<char>, false);
    for c in text.chars() {
        let run = cjk(c);
        if let Some(p) = prev.take() {
            out.push(p);
            if run {
                out.push(c);
            }
            out.push(' ');
        }
        if !run && c.is_alphanumeric() {
            out.extend(c.to_lowercase());
            word = true;
        } else if word {
            out.push(' ');
            word = false;
        }
        if run {
            prev = Some(c);
        }
    }
    out.extend(prev);
    out
}

/// The scope token of a unit in the index text: twelve hex digits of the id's random part.
pub fn token(prefix: char, unit: UnitId) -> String {
    let hex = unit.0.simple().to_string();
    format!("z{prefix}{}", hex.get(20..).unwrap_or_default())
}

/// A term to search for: itself, or whatever begins with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// A pair of characters or a word.
    Whole(String),
    /// A character that stands alone in the query.
    Begin(String),
}

/// The terms of a query, at most eight; none means that nothing can be searched (signs only).
pub fn query_terms(q: &str) -> Vec<Wanted> {
    let text = terms(&q.chars().take(64).collect::<String>());
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut pair = "";
    for term in text.split_whitespace() {
        let alone = term.chars().all(cjk) && term.chars().count() == 1;
        // What ends a run is in the pair before it.
        let again = alone && pair.ends_with(term);
        pair = if alone { "" } else { term };
        let next = if alone { Wanted::Begin(term.into()) } else { Wanted::Whole(term.into()) };
        if !again && !wanted.contains(&next) {
            wanted.push(next);
        }
    }
    wanted.truncate(8);
    wanted
}

/// The index text of a matter: what may be searched, then the scope: each ancestor, and the audience. Neighbours search it
/// too, so personal numbers and a room are not in it.
pub fn index_text(
    title: &str,
    words: &str,
    place: &str,
    number: &str,
    within: impl IntoIterator<Item = UnitId>,
    audience: Option<UnitId>,
) -> String {
    let mut text = terms(&mask(&format!("{title}\n{words}\n{}", without_room(place))));
    // The number is public, and as long as what the mask hides.
    text.push(' ');
    text.push_str(&terms(number));
    for scope in within.into_iter().map(|u| token('u', u)).chain(audience.map(|a| token('a', a))) {
        text.push(' ');
        text.push_str(&scope);
    }
    text
}

/// An address without its room: 友谊苑 22号401室 → 友谊苑 22号.
pub fn without_room(address: &str) -> String {
    let Some(room) = address.find('室') else { return address.to_owned() };
    let (before, after) = address.split_at(room);
    let kept = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '-');
    if kept.len() == before.len() {
        return address.to_owned();
    }
    format!("{}{}", kept.trim_end(), after.strip_prefix('室').unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_does_not_cut_a_word_in_two() {
        assert_eq!(
            title("The lamp on the stairs between floor 2 and 3 is dark"),
            "The lamp on the stairs between floor 2…"
        );
        assert_eq!(title("The lamp on the stairs near the entrance"), "The lamp on the stairs near the entrance");
        assert_eq!(title(&"灯".repeat(41)), format!("{}…", "灯".repeat(40)));
        assert_eq!(title(&"a".repeat(50)), format!("{}…", "a".repeat(40)));
        assert_eq!(title(&format!("{}lamp lamp", "灯".repeat(35))), format!("{}lamp…", "灯".repeat(35)));
        assert_eq!(title(&format!("{}lamps", "灯".repeat(36))), format!("{}…", "灯".repeat(36)));
    }

    #[test]
    fn personal_numbers_are_masked_and_nothing_else() {
        assert_eq!(mask("电话13812345678，谢谢"), "电话138******78，谢谢");
        assert_eq!(mask("138 1234 5678"), "138 **** **78");
        assert_eq!(mask("身份证31011319800101123X"), "身份证310*************3X");
        assert_eq!(mask("1200弄23号502室，2026-03-05 报修 3 次"), "1200弄23号502室，2026-03-05 报修 3 次");
        assert_eq!(mask("工单20260305001"), "工单202******01");
    }

    #[test]
    fn neighbours_are_told_the_building_and_not_the_room() {
        let told =
            ["友谊苑 22号401室", "友谊苑 22号401室 门口", "3幢-2-A室", "居委会活动室", "友谊苑 西门"].map(without_room);
        assert_eq!(told, ["友谊苑 22号", "友谊苑 22号 门口", "3幢", "居委会活动室", "友谊苑 西门"]);
    }

    #[test]
    fn a_title_is_the_first_sentence() {
        assert_eq!(title("\n 三号楼路灯不亮。已经一周了"), "三号楼路灯不亮");
        assert_eq!(title(&"灯".repeat(50)).chars().count(), 41);
    }

    #[test]
    fn terms_are_pairs_and_words() {
        assert_eq!(terms("路灯不亮, LED坏 x"), "路灯 灯不 不亮 亮 led 坏 x");
        let whole = |s: &str| Wanted::Whole(s.into());
        assert_eq!(query_terms("路灯不亮 路灯 LED"), [whole("路灯"), whole("灯不"), whole("不亮"), whole("led")]);
        assert_eq!(query_terms("路灯 灯"), [whole("路灯"), Wanted::Begin("灯".into())]);
        assert_eq!(query_terms("灯，坏"), ["灯", "坏"].map(|c| Wanted::Begin(c.into())));
        assert!(query_terms("？").is_empty());
    }
}
