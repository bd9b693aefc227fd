//! Addresses as residents write them: `1200弄23号502室`, `沪太路1200弄23号502`, `23-502`, `二十三号乙`, `张家宅5组12号`,
//! `3幢2单元501`.
use std::fmt;

/// An address read into its parts. Labels are canonical: Arabic digits without leading zeros, capital letters, 甲乙丙丁 after
/// the number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
pub struct Address {
    /// Road, estate or village, as written.
    pub place: String,
    /// Villagers' or residents' group (组).
    pub group: Option<String>,
    /// Lane (弄).
    pub lane: Option<String>,
    /// Lane off a lane (支弄).
    pub sublane: Option<String>,
    /// Door (号).
    pub door: Option<String>,
    /// Building (幢, 栋, 座, 号楼).
    pub building: Option<String>,
    /// Entrance (单元, 门, 梯).
    pub entrance: Option<String>,
    /// Floor (层, 楼).
    pub floor: Option<String>,
    /// Room (室, 房).
    pub room: Option<String>,
    /// What could not be read, in order; no part of the normal form or the key.
    pub rest: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Group,
    Lane,
    Sublane,
    Door,
    Building,
    Entrance,
    Floor,
    Room,
}

/// Longer words before the shorter ones they begin with. `true`: the word also begins or ends names (三门路, 八队路), and is
/// read as a unit only where no name goes on behind it.
const UNITS: [(&str, Unit, bool); 22] = [
    ("村民小组", Unit::Group, false),
    ("居民小组", Unit::Group, false),
    ("生产队", Unit::Group, false),
    ("小组", Unit::Group, false),
    ("组", Unit::Group, false),
    ("队", Unit::Group, true),
    ("支弄", Unit::Sublane, false),
    ("弄", Unit::Lane, false),
    ("号楼", Unit::Building, false),
    ("号门", Unit::Door, true),
    ("号室", Unit::Room, false),
    ("号房", Unit::Room, true),
    ("号", Unit::Door, false),
    ("幢", Unit::Building, false),
    ("栋", Unit::Building, false),
    ("座", Unit::Building, true),
    ("单元", Unit::Entrance, false),
    ("门", Unit::Entrance, true),
    ("梯", Unit::Entrance, true),
    ("层", Unit::Floor, true),
    ("楼", Unit::Floor, true),
    ("室", Unit::Room, false),
];

const STEMS: &str = "甲乙丙丁戊己庚辛壬癸";
const NUMERALS: &str = "〇零一二两三四五六七八九十廿卅百千";

/// One label, such as `23`, `23甲`, `A502` or, spelt out, `二十三`.
struct Label {
    text: String,
    end: usize,
    /// Spelt in characters or a letter alone: more often part of a name than a number in Arabic digits is.
    weak: bool,
}

impl Address {
    /// Reads an address. Whatever is written, something is read: what has no known unit before the first number is the
    /// place, what has none behind it is the rest. Bare numbers are read by what stands before them: after a lane door and
    /// room, after a building entrance and room; alone, `23-502` is door and room, `1200-23-502` lane, door and room.
    pub fn parse(text: &str) -> Address {
        Address::parse_within(text, &[])
    }

    /// As [`Address::parse`], leaving out the names of areas the address is known to lie in (`宝山区`, `大场镇`), where it
    /// begins with them.
    pub fn parse_within(text: &str, areas: &[&str]) -> Address {
        let mut chars: Vec<char> =
            text.chars().map(narrow).map(|c| if c == '#' { '号' } else { c.to_ascii_uppercase() }).collect();
        chars.truncate(500);
        let mut address = Address::default();
        let mut last = None;
        let mut at = 0;
        let mut depth = 0usize;
        while let Some(c) = chars.get(at).copied() {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ if depth > 0 => address.rest.push(c),
                _ if is_separator(c) => {}
                _ => {
                    if let Some(end) = address.read(&chars, at, &mut last) {
                        at = end;
                        continue;
                    }
                    // A number that is no part goes over whole, lest its tail be read as one.
                    let end = label(&chars, at).filter(|l| !l.weak).map_or(at + 1, |l| l.end);
                    let word = chars.get(at..end).unwrap_or_default();
                    let begins = last.is_none() || last == Some(Unit::Group) && address.only_group();
                    let into = if begins { &mut address.place } else { &mut address.rest };
                    into.extend(word);
                    at = end;
                    continue;
                }
            }
            at += 1;
        }
        for suffix in ["村民小组", "居民小组"] {
            if let Some(place) = address.place.strip_suffix(suffix).filter(|p| !p.is_empty()) {
                address.place = place.to_owned();
            }
        }
        while let Some(inner) =
            areas.iter().filter(|a| !a.is_empty()).find_map(|a| address.place.strip_prefix(a)).filter(|p| !p.is_empty())
        {
            address.place = inner.to_owned();
        }
        address
    }

    /// Reads one part, or several joined by hyphens, beginning at a character; gives where it ends.
    fn read(&mut self, chars: &[char], start: usize, last: &mut Option<Unit>) -> Option<usize> {
        let letter = |i: usize| chars.get(i).is_some_and(char::is_ascii_alphabetic);
        if start > 0 && letter(start - 1) && letter(start) {
            return None;
        }
        let first = start + usize::from(chars.get(start) == Some(&'第'));
        let mut found = label(chars, first)?;
        let mut labels = vec![found.text];
        let mut weak = found.weak;
        let mut loose = false;
        // More labels behind hyphens, strokes or blanks.
        loop {
            let mut next = found.end;
            while chars.get(next).is_some_and(|c| matches!(c, '-' | '/' | ' ')) {
                next += 1;
            }
            let Some(more) = label(chars, next).filter(|more| next > found.end && !more.weak && !weak) else { break };
            loose |= chars.get(found.end..next) != Some(&['-']);
            labels.push(more.text.clone());
            found = more;
        }
        // A blank may part a number from its unit.
        let blanks = chars.iter().skip(found.end).take_while(|c| **c == ' ').count();
        let unit_at = found.end + blanks;
        let unit = UNITS
            .iter()
            .find(|(word, _, careful)| starts_with(chars, unit_at, word) && (blanks == 0 || !(*careful || weak)));
        let (unit, end) = match unit {
            Some((word, unit, careful)) => {
                weak |= *careful;
                (Some(*unit), unit_at + word.chars().count())
            }
            None => (None, found.end),
        };
        // 23号乙 is 23乙号.
        let stem = chars.get(end).filter(|c| unit == Some(Unit::Door) && STEMS.contains(**c));
        let end = match stem {
            Some(stem) if !UNITS.iter().any(|(word, _, _)| starts_with(chars, end + 1, word)) => {
                labels.last_mut()?.push(*stem);
                end + 1
            }
            _ => end,
        };
        // 二十三号五零二: spelt out without its unit, a number behind a door or an entrance is still the room.
        let spelt_room = matches!(last, Some(Unit::Door | Unit::Building | Unit::Entrance | Unit::Floor))
            && labels.first().is_some_and(|l| l.starts_with(|c: char| c.is_ascii_digit()));
        // `5号线`, `三门路`, `1688广场`: a name goes on.
        let goes_on = chars.get(end).is_some_and(|c| !(is_separator(*c) || *c == '(' || *c == ')' || begins_label(*c)));
        if goes_on && (weak || unit.is_none() || chars.get(end) == Some(&'线'))
            || unit.is_none() && (weak && !spelt_room || first > start)
        {
            return None;
        }
        let parts = self.places_of(labels.len(), unit, loose, *last);
        let mut labels = labels.into_iter();
        let mut assigned = Vec::new();
        for (i, part) in parts.iter().enumerate() {
            let label =
                if i + 1 == parts.len() { labels.by_ref().collect::<Vec<_>>().join("-") } else { labels.next()? };
            assigned.push((*part, label));
        }
        if assigned.iter().any(|(part, _)| self.slot(*part).is_some()) {
            return None;
        }
        for (part, label) in assigned {
            *self.slot(part) = Some(label);
            *last = Some(part);
        }
        Some(end)
    }

    /// Which parts so many labels are, the last with this unit if it has one; surplus labels join the last part.
    fn places_of(&self, count: usize, unit: Option<Unit>, loose: bool, last: Option<Unit>) -> Vec<Unit> {
        use Unit::*;
        let row: &[Unit] = match (unit, last) {
            (Some(Door), _) if loose && count > 1 => &[Lane, Door],
            (Some(Entrance), _) if count > 1 => &[Building, Entrance],
            (Some(unit), _) if unit != Room || count == 1 => return vec![unit],
            (_, None) if count == 1 && self.place.is_empty() => &[Room],
            (_, None) if count == 1 => &[Door],
            (_, None) if count > 2 => &[Lane, Door, Room],
            (_, None | Some(Group | Lane | Sublane)) if count > 1 => &[Door, Room],
            (_, Some(Group | Lane | Sublane)) => &[Door],
            (_, Some(Building)) if count > 1 => &[Entrance, Room],
            _ => &[Room],
        };
        row.to_vec()
    }

    fn slot(&mut self, unit: Unit) -> &mut Option<String> {
        match unit {
            Unit::Group => &mut self.group,
            Unit::Lane => &mut self.lane,
            Unit::Sublane => &mut self.sublane,
            Unit::Door => &mut self.door,
            Unit::Building => &mut self.building,
            Unit::Entrance => &mut self.entrance,
            Unit::Floor => &mut self.floor,
            Unit::Room => &mut self.room,
        }
    }

    /// The group was read first, and the village's name may follow.
    fn only_group(&self) -> bool {
        let others = [&self.lane, &self.sublane, &self.door, &self.building, &self.entrance, &self.floor, &self.room];
        others.iter().all(|part| part.is_none())
    }

    /// The parts of the normal form in order: letter in the key, label, unit. The floor counts only where no room does.
    fn parts(&self) -> impl Iterator<Item = (char, &str, &'static str)> {
        let floor = if self.room.is_none() { &self.floor } else { &None };
        [
            ('g', &self.group, "组"),
            ('l', &self.lane, "弄"),
            ('s', &self.sublane, "支弄"),
            ('d', &self.door, "号"),
            ('b', &self.building, "幢"),
            ('e', &self.entrance, "单元"),
            ('f', floor, "层"),
            ('r', &self.room, "室"),
        ]
        .into_iter()
        .filter_map(|(letter, label, unit)| Some((letter, label.as_deref()?, unit)))
    }

    /// The key: equal for two ways of writing one address, such as `沪太路|l1200|d23|r502`.
    pub fn key(&self) -> String {
        let mut key = self.place.clone();
        for (letter, label, _) in self.parts() {
            key.push('|');
            key.push(letter);
            key += label;
        }
        key
    }

    /// Whether a (fuller) address has all this one says; a place may be the end of the other's (`沪太路` of `大场镇沪太路`).
    pub fn fits(&self, fuller: &Address) -> bool {
        fuller.place.ends_with(&self.place) && self.parts().all(|part| fuller.parts().any(|other| other == part))
    }
}

/// The normal form: `沪太路1200弄23号502室`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        self.parts().try_for_each(|(_, label, unit)| write!(f, "{label}{unit}"))
    }
}

/// Full-width letters, digits and signs as ASCII, every dash as a hyphen, every blank as a space.
pub(crate) fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).map_or(c, |c| if c == '~' { '-' } else { c }),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{30fc}' | '~' | '_' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '/' | ',' | '.' | ';' | ':' | '、' | '。' | '·' | '|' | '\\') || c.is_control()
}

/// Whether a label, or the word before an ordinal, can begin with this character.
fn begins_label(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '第' || STEMS.contains(c) || NUMERALS.contains(c)
}

fn starts_with(chars: &[char], at: usize, word: &str) -> bool {
    let mut rest = chars.iter().skip(at);
    word.chars().all(|c| rest.next() == Some(&c))
}

/// The label beginning at a character, if one does.
fn label(chars: &[char], start: usize) -> Option<Label> {
    let at = |i: usize| chars.get(i).copied();
    let is = |i: usize, test: fn(char) -> bool| at(i).is_some_and(test);
    let stem: fn(char) -> bool = |c| STEMS.contains(c);
    let digit: fn(char) -> bool = |c| c.is_ascii_digit();
    let letter: fn(char) -> bool = |c| c.is_ascii_uppercase();
    let mut end = start;
    let (mut before, mut after) = (String::new(), String::new());
    if is(end, stem) {
        after.extend(at(end));
        end += 1;
    } else {
        while end < start + 2 && is(end, letter) {
            before.extend(at(end));
            end += 1;
        }
    }
    let number_from = end;
    let mut number = String::new();
    while is(end, digit) {
        number.extend(at(end));
        end += 1;
    }
    let weak = number.is_empty();
    if weak && before.is_empty() {
        while is(end, |c| NUMERALS.contains(c)) {
            end += 1;
        }
        if end > number_from {
            number = spelt(chars.get(number_from..end)?)?.to_string();
        }
    }
    if number.is_empty() {
        // A letter or stem alone: A座, 甲幢.
        let alone = before.chars().count() + after.chars().count() == 1;
        return alone.then(|| Label { text: before + &after, end, weak: true });
    }
    if after.is_empty() && (is(end, stem) || is(end, letter) && !is(end + 1, |c| c.is_ascii_alphanumeric())) {
        after.extend(at(end));
        end += 1;
    }
    let digits = number.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    Some(Label { text: format!("{before}{digits}{after}"), end, weak })
}

/// A number spelt in characters: 二十三, 一百零五, 廿三, or digit by digit 二三.
fn spelt(chars: &[char]) -> Option<u32> {
    if chars.len() > 9 {
        return None;
    }
    let digit = |c: &char| "零一二三四五六七八九".chars().position(|d| d == *c).map(|d| d as u32);
    let plain: Option<Vec<u32>> = chars.iter().map(|c| digit(if *c == '〇' { &'零' } else { c })).collect();
    if let Some(digits) = plain {
        return Some(digits.iter().fold(0, |n, d| n * 10 + d));
    }
    let (mut total, mut current) = (0, None);
    for c in chars {
        let unit = match c {
            '千' => 1000,
            '百' => 100,
            '十' => 10,
            '廿' | '卅' if current.is_none() => {
                total += if *c == '廿' { 20 } else { 30 };
                continue;
            }
            '两' => {
                current = Some(2);
                continue;
            }
            '〇' | '零' => continue,
            c => {
                current = Some(digit(c)?);
                continue;
            }
        };
        total += current.take().unwrap_or(1) * unit;
    }
    Some(total + current.unwrap_or(0))
}
