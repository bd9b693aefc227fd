//! Addresses and initials.
use super::*;

fn normal(text: &str) -> String {
    Address::parse(text).to_string()
}

#[test]
fn one_dwelling_however_it_is_written() {
    for text in [
        "1200弄23号502室",
        "1200弄23号502",
        "1200弄 23号 502 室",
        "１２００弄２３号５０２室",
        "1200弄二十三号五〇二室",
        "一千二百弄廿三号五百零二室",
        "1200弄23-502",
        "1200-23-502",
        "1200—23—502室",
        "1200弄23#502",
        "1200弄23号5楼502室",
        "1200弄(大华新村)23号0502室",
        "1200/23/502",
        "1200 23 502",
        "1200弄二十三号五零二",
    ] {
        let address = Address::parse(text);
        assert_eq!(address.to_string(), "1200弄23号502室", "{text}");
        assert_eq!(address.key(), "|l1200|d23|r502", "{text}");
    }
}

#[test]
fn the_forms_residents_use() {
    let forms = [
        ("沪太路1200弄23号502", "沪太路1200弄23号502室"),
        ("沪太路1200-23-502", "沪太路1200弄23号502室"),
        ("沪太路1200弄5支弄3号", "沪太路1200弄5支弄3号"),
        ("沪太路1200号", "沪太路1200号"),
        ("沪太路1200", "沪太路1200号"),
        ("沪太路1200号3幢2单元501室", "沪太路1200号3幢2单元501室"),
        ("23-502", "23号502室"),
        ("23号502", "23号502室"),
        ("二十三号", "23号"),
        ("502", "502室"),
        ("502室", "502室"),
        ("23号甲", "23甲号"),
        ("甲23号", "23甲号"),
        ("23甲号502", "23甲号502室"),
        ("23号乙502室", "23乙号502室"),
        ("23-1号", "23-1号"),
        ("502室A", "502室"),
        ("502a", "502A室"),
        ("A座1203", "A幢1203室"),
        ("3幢2单元501", "3幢2单元501室"),
        ("3栋2-501", "3幢2单元501室"),
        ("3-2单元501", "3幢2单元501室"),
        ("三号楼二门501", "3幢2单元501室"),
        ("5号楼6层", "5幢6层"),
        ("张家宅5组12号", "张家宅5组12号"),
        ("张家宅五组 12号", "张家宅5组12号"),
        ("张家宅第五村民小组12号", "张家宅5组12号"),
        ("张家宅5村民小组/12", "张家宅5组12号"),
        ("5组张家宅12号", "张家宅5组12号"),
        ("张家宅5队12号", "张家宅5组12号"),
        ("张家宅村民小组12号", "张家宅12号"),
        ("宝钢二村23号502", "宝钢二村23号502室"),
        ("宝钢二村23-502", "宝钢二村23号502室"),
    ];
    for (text, expected) in forms {
        assert_eq!(normal(text), expected, "{text}");
    }
}

#[test]
fn numbers_in_names_stay_in_names() {
    let forms = [
        ("一二八纪念路1200弄23号", "一二八纪念路"),
        ("三门路358弄5号", "三门路"),
        ("五角场23号", "五角场"),
        ("五号沟路12号", "五号沟路"),
        ("十队路12号", "十队路"),
        ("1688广场3号", "1688广场"),
        ("七号桥502室", "七号桥"),
        ("百弄不分", "百弄不分"),
    ];
    for (text, place) in forms {
        assert_eq!(Address::parse(text).place, place, "{text}");
    }
    assert_eq!(Address::parse("三门路358弄5号").key(), "三门路|l358|d5");
    let unread = Address::parse("1200弄23号楼上左转502室");
    assert_eq!((unread.lane.as_deref(), unread.room.as_deref()), (Some("1200"), Some("502")));
    assert!(!unread.rest.is_empty(), "{unread:?}");
    assert_eq!(Address::parse("23号25号").rest, "25号");
    assert_eq!(Address::parse(""), Address::default());
}

#[test]
fn area_names_are_left_out_where_they_are_known() {
    let areas = ["上海市", "宝山区", "大场镇"];
    let long = Address::parse_within("上海市宝山区大场镇沪太路1200弄23号502室", &areas);
    assert_eq!(long.key(), Address::parse("沪太路1200弄23号502").key());
    assert_eq!(Address::parse_within("大场镇", &areas).place, "大场镇", "nothing else said");
    assert!(Address::parse("23-502").fits(&long));
    assert!(Address::parse("沪太路").fits(&long));
    assert!(!Address::parse("23-503").fits(&long));
    assert!(Address::parse("沪太路1200弄").fits(&Address::parse("大场镇沪太路1200弄23号")));
}

#[test]
fn initials_of_places() {
    let places = [
        ("友谊路街道", "yyljd"),
        ("重庆", "cq"),
        ("大场镇", "dcz"),
        ("长江路", "cjl"),
        ("行知路", "xzl"),
        ("杨行镇", "yhz"),
        ("庙行镇", "mhz"),
        ("厦门", "xm"),
        ("乐清", "yq"),
        ("西藏北路", "xzbl"),
        ("沪太路1200弄２３号", "htl1200l23h"),
        ("A座·(二单元)", "azedy"),
        ("", ""),
    ];
    for (place, expected) in places {
        assert_eq!(initials(place), expected, "{place}");
    }
    assert_eq!(Initials::default().with("# ours\n乐家,yj\nnothing").of("乐家宅"), "yjz");
}

fn part(unit: &'static str) -> impl Strategy<Value = (String, &'static str)> {
    (1u32..3000, prop_oneof![4 => Just(""), 1 => Just("甲"), 1 => Just("A")])
        .prop_map(move |(n, s)| (format!("{n}{s}"), unit))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_normal_form_reads_as_itself(
        place in "(沪太路|宝钢一村|一二八纪念路|张家宅|三门路|大华·A城|)",
        parts in prop::collection::vec(prop::bool::ANY, 7),
        labels in (part("组"), part("弄"), part("支弄"), part("号"), part("幢"), part("单元"), part("室")),
    ) {
        let all = [labels.0, labels.1, labels.2, labels.3, labels.4, labels.5, labels.6];
        let chosen: Vec<_> = all.iter().zip(&parts).filter(|(_, on)| **on).map(|(p, _)| p).collect();
        let written: String = chosen.iter().map(|(label, unit)| format!("{label}{unit}")).collect();
        let once = Address::parse(&format!("{place}{written}"));
        prop_assert_eq!(once.rest.as_str(), "");
        prop_assert_eq!(once.to_string(), format!("{}{written}", once.place));
        prop_assert_eq!(Address::parse(&once.to_string()), once.clone());
        let wide: String = once.to_string().chars().map(|c| match c { '!'..='~' => char::from_u32(c as u32 + 0xfee0).unwrap(), c => c }).collect();
        prop_assert_eq!(Address::parse(&wide).key(), once.key());
        let spaced: String = once.to_string().chars().flat_map(|c| [c].into_iter().chain((!c.is_ascii()).then_some(' '))).collect();
        prop_assert_eq!(Address::parse(&spaced).lane, once.lane);
    }

    #[test]
    fn nothing_written_panics_or_is_lost(text in "([0-9０-９]{0,3}|[一二十百廿零甲乙第A-Za-z]|弄|号|室|组|楼|门|单元|村民小组|[-/ ()（）#，]|\\PC){0,24}") {
        let address = Address::parse(&text);
        let _ = (address.to_string(), address.key(), initials(&text), address.fits(&address));
        prop_assert!(address.fits(&address));
        let digits = |t: &str| t.chars().filter_map(|c| c.to_digit(10)).filter(|d| *d != 0).count();
        let read = [&address.group, &address.lane, &address.sublane, &address.door, &address.building, &address.entrance, &address.floor, &address.room];
        let kept: usize = read.into_iter().flatten().map(|l| digits(l)).sum::<usize>() + digits(&address.place) + digits(&address.rest);
        let narrow: String = text.chars().map(|c| match c { '０'..='９' => char::from_u32(c as u32 - 0xfee0).unwrap(), c => c }).collect();
        prop_assert!(kept >= digits(&narrow), "every digit but zeros is in some part: {:?}", address);
    }
}
