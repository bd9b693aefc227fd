//! The one place where addresses are read (by `geo-cn`): what is stored for search, and what a query asks for.
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

/// What somebody typed into the address field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    /// Chinese words: the name of a road, estate, hamlet or spot.
    pub(crate) text: String,
    /// Begins what to look for among the initials, if that can help.
    pub(crate) initials: Option<String>,
    /// Begins what to look for among address and door keys.
    pub(crate) numbers: Option<String>,
    /// Whether the numbers begin with a lane, so that they alone name the address.
    pub(crate) lane: bool,
}

pub(crate) fn query(typed: &str) -> Query {
    let typed = typed.trim();
    let rest = typed.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let letters = typed.strip_suffix(rest).filter(|l| l.len() > 1).unwrap_or_default().to_ascii_lowercase();
    let address = Address::parse(if letters.is_empty() { typed } else { rest });
    let (numbers, door) = chains(&address);
    let text = compact(&address.place);
    let named = if letters.is_empty() { initials(&text) } else { letters };
    Query {
        initials: (!named.is_empty()).then(|| named + &door),
        lane: address.lane.is_some() || address.group.is_some(),
        numbers: Some(numbers).filter(|n| !n.is_empty()),
        text,
    }
}

impl Query {
    /// Whether a place found by its keys is what the words ask for. A road cannot be checked where no postal address is
    /// known; then the lane must do.
    pub(crate) fn fits(&self, name: &str, address: Option<&str>) -> bool {
        let has = |s: &str| compact(s).contains(&self.text);
        self.text.is_empty() || has(name) || address.map_or(self.lane, has)
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

    #[test]
    fn keys_and_queries_meet() {
        let dwelling = keys("dwelling", "友谊苑 23号502室", Some("友谊路1200弄23号502室"));
        assert_eq!(
            (dwelling.address.as_str(), dwelling.door.as_str(), dwelling.initials.as_str()),
            ("1200-23-502", "23-502", "yyy23-502")
        );
        let asks = |typed: &str| {
            let q = query(typed);
            let begins = |key: &str, start: &Option<String>| start.as_ref().is_some_and(|s| key.starts_with(s));
            (begins(&dwelling.initials, &q.initials)
                || begins(&dwelling.address, &q.numbers)
                || begins(&dwelling.door, &q.numbers))
                && q.fits("友谊苑 23号502室", Some("友谊路1200弄23号502室"))
        };
        for typed in [
            "23-502",
            "1200弄23号502室",
            "1200弄23号",
            "友谊路1200弄23号502室",
            "友谊苑23-502",
            "友谊苑",
            "yyy",
            "YYY23-5",
            "２３号５０２",
            "二十三号",
        ] {
            assert!(asks(typed), "{typed} → {:?}", query(typed));
        }
        for typed in ["24-502", "友谊路1201弄23号", "牡丹路1200弄23号502室", "yyz", "丁香苑23-502"] {
            assert!(!asks(typed), "{typed} → {:?}", query(typed));
        }
        let spot = keys("spot", "中心花园3号门", None);
        assert!(spot.initials.starts_with(&query("zxhy").initials.unwrap()));
        assert!(spot.initials.starts_with(&query("中心花园").initials.unwrap()));
    }

    #[test]
    fn a_committee_is_ordered_by_lane_door_and_room() {
        let labels = ["9号101室", "10号", "10号101室", "10号1001室", "1200弄1号", "1200弄2号3室", "张家宅5组12号"];
        let sorts = labels[..6].iter().map(|l| keys("dwelling", l, None).sort).collect::<Vec<_>>();
        assert!(sorts.is_sorted(), "{sorts:?}");
        assert_eq!(keys("dwelling", labels[6], None).address, "5-12");
    }
}
