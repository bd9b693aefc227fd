//! The one place where addresses are read (by `geo-cn`): what is stored for search, and what a query asks for.
use crate::Place;
use geo_cn::{Address, Initials};
use std::sync::LazyLock;

static INITIALS: LazyLock<Initials> = LazyLock::new(Initials::default);

/// Pinyin initials, lower case: `友谊路街道` gives `yyljd`.
pub(crate) fn initials(text: &str) -> String {
    INITIALS.of(text)
}

/// What is stored of a place for search and order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    /// From the lane on: `1200-23-502`.
    pub(crate) address: String,
    /// From the door on: `23-502`.
    pub(crate) door: String,
    /// Initials of the estate's, hamlet's or spot's name, then the door key: `yyy23-502`.
    pub(crate) initials: String,
    /// Orders by lane, door and room.
    pub(crate) sort: i64,
}

/// The keys of a place by its label (`友谊苑 23号502室`) and, where it has one, its postal address.
pub(crate) fn keys(kind: &str, name: &str, address: Option<&str>) -> Keys {
    if kind == "spot" {
        let whole = compact(name);
        return Keys { address: whole.clone(), door: whole, initials: initials(name), sort: i64::MAX };
    }
    let (label, postal) = (Address::parse(name), Address::parse(address.unwrap_or(name)));
    let (full, door) = chains(&postal);
    let named = if label.place.is_empty() { initials(&postal.place) } else { initials(&label.place) };
    if full.is_empty() {
        // A building with a name and no number.
        return Keys { address: compact(name), door: compact(name), initials: initials(name), sort: 0 };
    }
    Keys { initials: named + &door, address: full, door, sort: sort(&postal) }
}

/// The door key of a place.
pub(crate) fn door_key(p: &Place) -> String {
    keys(&p.kind, &p.name, p.address.as_deref()).door
}

/// The names a place is searched by: its estate's, hamlet's and road's, or its own where it has no number.
pub(crate) fn names(kind: &str, name: &str, address: Option<&str>) -> Vec<String> {
    let own = || vec![compact(name)];
    if kind == "spot" {
        return own();
    }
    let (label, postal) = (Address::parse(name), Address::parse(address.unwrap_or(name)));
    if chains(&postal).0.is_empty() {
        return own();
    }
    let mut all: Vec<String> =
        [label.place, postal.place].iter().map(|n| compact(n)).filter(|n| !n.is_empty()).collect();
    all.dedup();
    all
}

/// Each character of a name and of its initials with what follows it, and whether it stands at the beginning (0) or within
/// (1). Overlapping pairs, as the full-text index has them, would find the same; but names are short, and tails are in an
/// order, answer a single character, and need no second look at the row.
pub(crate) fn tails(name: &str) -> Vec<(i64, String)> {
    let of = |text: &str| -> Vec<(i64, String)> {
        text.char_indices().filter_map(|(i, _)| Some((i64::from(i > 0), text.get(i..)?.to_owned()))).collect()
    };
    let mut all = of(name);
    all.extend(of(&initials(name)));
    all.sort();
    all.dedup();
    all
}

/// What somebody typed into the address field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// Part of a name, or of its initials.
    pub(crate) term: Option<String>,
    /// Whether the term is of initials.
    letters: bool,
    /// Begins what to look for among address and door keys.
    pub(crate) numbers: Option<String>,
    /// Whether the numbers begin with a lane, so that they alone name the address.
    lane: bool,
    /// All that was typed, without signs.
    whole: String,
}

pub(crate) fn query(typed: &str) -> Query {
    let typed = typed.trim();
    let rest = typed.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = typed.strip_suffix(rest).filter(|l| l.len() > 1).unwrap_or_default().to_ascii_lowercase();
    let address = Address::parse(if letters.is_empty() { typed } else { rest });
    let text = compact(&address.place);
    let term = if letters.is_empty() { text } else { letters.clone() };
    Query {
        term: Some(term).filter(|t| !t.is_empty()),
        letters: !letters.is_empty(),
        lane: address.lane.is_some() || address.group.is_some(),
        numbers: Some(chains(&address).0).filter(|n| !n.is_empty()),
        whole: compact(typed),
    }
}

impl Query {
    /// Where in a name the term stands first: 0 at the beginning, 1 within; and the tail from there on.
    fn stands<'n>(&self, name: &'n str, initials: &'n str) -> Option<(i64, &'n str)> {
        let text = if self.letters { initials } else { name };
        let at = text.find(self.term.as_deref()?)?;
        Some((i64::from(at > 0), text.get(at..)?))
    }
    /// Whether this is the one tail by which places of this name are listed, so that none is listed twice.
    pub(crate) fn goes_by(&self, place: &Place, name: &str, rank: i64, tail: &str) -> bool {
        let own: Vec<(String, String)> =
            names(&place.kind, &place.name, place.address.as_deref()).into_iter().map(|n| (initials(&n), n)).collect();
        let first = own.iter().filter_map(|(i, n)| Some((self.stands(n, i)?, n))).min();
        first.is_some_and(|((r, t), n)| (r, t, n.as_str()) == (rank, tail, name))
    }
    /// Whether a name without a number is all that was typed.
    pub(crate) fn names_whole(&self, name: &str) -> bool {
        if self.letters { self.numbers.is_none() } else { name.contains(&self.whole) }
    }
    /// Whether numbers alone name a place: nothing else was typed, or a lane with a road that cannot be checked because no
    /// postal address is known.
    pub(crate) fn by_numbers(&self, place: &Place) -> bool {
        let unknown = || self.lane && !self.letters && place.address.is_none();
        match &self.term {
            None => true,
            Some(text) => {
                let own = names(&place.kind, &place.name, None);
                unknown() && !own.iter().any(|n| n.contains(text.as_str()))
            }
        }
    }
}

fn compact(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The labels from the lane on and from the door on, joined by hyphens.
fn chains(a: &Address) -> (String, String) {
    let join = |parts: &[&Option<String>]| parts.iter().filter_map(|p| p.as_deref()).collect::<Vec<_>>().join("-");
    let door = join(&[&a.door, &a.building, &a.entrance, &a.room]);
    (join(&[&a.group, &a.lane, &a.sublane, &Some(door.clone()).filter(|d| !d.is_empty())]), door)
}

/// Lane or group (5 digits), door or building (5), entrance (3), room (5).
fn sort(a: &Address) -> i64 {
    let number = |label: &Option<String>, digits: u32| {
        let text: String = label
            .iter()
            .flat_map(|l| l.chars())
            .skip_while(|c| !c.is_ascii_digit())
            .take_while(char::is_ascii_digit)
            .collect();
        text.parse::<i64>().unwrap_or(0).min(10_i64.pow(digits) - 1)
    };
    let lane = number(&a.lane, 5).max(number(&a.group, 5));
    let door = number(&a.door, 5).max(number(&a.building, 5));
    ((lane * 100_000 + door) * 1_000 + number(&a.entrance, 3)) * 100_000 + number(&a.room, 5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_core::{PlaceId, UnitId};

    #[test]
    fn an_address_is_read_as_a_name_and_numbers() {
        let k = keys("dwelling", "友谊苑 23号502室", Some("友谊路1200弄23号502室"));
        assert_eq!((k.address.as_str(), k.door.as_str()), ("1200-23-502", "23-502"));
        let asks = |typed: &str| {
            let q = query(typed);
            (q.term.unwrap_or_default(), q.numbers.unwrap_or_default())
        };
        for (typed, term, numbers) in [
            ("23-502", "", "23-502"),
            ("1200弄23号502室", "", "1200-23-502"),
            ("友谊路1200弄23号", "友谊路", "1200-23"),
            ("友谊苑23-502", "友谊苑", "23-502"),
            ("谊苑", "谊苑", ""),
            ("西门", "西门", ""),
            ("YYY23-5", "yyy", "23-5"),
            ("２３号５０２", "", "23-502"),
            ("二十三号", "", "23"),
            ("", "", ""),
        ] {
            assert_eq!(asks(typed), (term.to_owned(), numbers.to_owned()), "{typed}");
        }
    }

    #[test]
    fn a_name_is_found_by_each_part_of_it() {
        assert_eq!(names("dwelling", "友谊苑 23号502室", Some("友谊路1200弄23号502室")), ["友谊苑", "友谊路"]);
        assert_eq!(names("door", "友谊苑 23号", None), ["友谊苑"]);
        assert_eq!(names("spot", "友谊苑 西门", None), ["友谊苑西门"]);
        assert_eq!(names("building", "居委会活动室", None), ["居委会活动室"]);
        assert!(names("door", "1200弄23号", None).is_empty());
        let tails: Vec<_> = tails("西大门").into_iter().map(|(rank, tail)| format!("{rank}{tail}")).collect();
        assert_eq!(tails, ["0xdm", "0西大门", "1dm", "1m", "1大门", "1门"]);
        // A word that stands in a name twice, or in two names of one place, lists the place once.
        let place = |name: &str, address: Option<&str>| Place {
            id: PlaceId(uuid::Uuid::nil()),
            parent: None,
            kind: "door".into(),
            committee: UnitId(uuid::Uuid::nil()),
            estate: None,
            micro_grid: None,
            group: None,
            name: name.into(),
            address: address.map(Into::into),
            lat: None,
            lon: None,
        };
        let (q, door) = (query("友谊"), place("新友谊苑 3号", Some("友谊路3号")));
        assert!(q.goes_by(&door, "友谊路", 0, "友谊路") && !q.goes_by(&door, "新友谊苑", 1, "友谊苑"));
        assert!(query("友谊路5弄3号").by_numbers(&place("5弄 3号", None)));
        assert!(!query("友谊路5弄3号").by_numbers(&place("5弄 3号", Some("牡丹路5弄3号"))));
    }

    #[test]
    fn a_committee_is_ordered_by_lane_door_and_room() {
        let labels = ["9号101室", "10号", "10号101室", "10号1001室", "1200弄1号", "1200弄2号3室", "张家宅5组12号"];
        let sorts = labels[..6].iter().map(|l| keys("dwelling", l, None).sort).collect::<Vec<_>>();
        assert!(sorts.is_sorted(), "{sorts:?}");
        assert_eq!(keys("dwelling", labels[6], None).address, "5-12");
    }
}
