//! What the crate promises, on invented messages; the last test measures on real ones if they are there.
use proptest::prelude::*;
use std::{collections::HashSet, io::Write, sync::LazyLock};
use text_routing::*;

/// Sixty invented sentences under six labels.
static TAUGHT: LazyLock<Vec<Labelled>> =
    LazyLock::new(|| labelled(include_bytes!("../examples/labelled.csv"), None).expect("the fixture reads"));
static MODEL: LazyLock<Model> = LazyLock::new(|| train(&TAUGHT));

fn train(rows: &[Labelled]) -> Model {
    Model::train(&rows.iter().map(Labelled::sample).collect::<Vec<_>>(), &Options::default()).expect("it trains")
}

fn first<'m>(model: &'m Model, text: &str) -> &'m str {
    model.classify(text).guesses[0].label
}

mod classifier {
    use super::*;

    #[test]
    fn sixty_sentences_are_enough_to_begin_with() {
        let asked = [
            ("路灯照明", "巷子里的灯一盏都不亮"),
            ("路灯照明", "车库的灯坏了"),
            ("垃圾清运", "楼下有一堆垃圾"),
            ("垃圾清运", "垃圾厢房臭味大"),
            ("停车车辆", "有辆车挡住了大门"),
            ("停车车辆", "车位不够停"),
            ("漏水维修", "卫生间天花板滴水"),
            ("漏水维修", "下水道堵住了"),
            ("噪音扰民", "楼上半夜很吵"),
            ("噪音扰民", "施工声音大睡不着"),
            ("办事咨询", "怎么办居住证"),
            ("办事咨询", "请问老年卡去哪里办"),
        ];
        for (label, text) in asked {
            let answer = MODEL.classify(text);
            assert_eq!(answer.guesses[0].label, label, "{text}: {answer:?}");
            assert!(answer.margin() > 0.1 && answer.known > 0, "{text}: {answer:?}");
        }
    }

    #[test]
    fn probabilities_on_unseen_sentences_are_honest() {
        let samples: Vec<Sample> = TAUGHT.iter().map(Labelled::sample).collect();
        let fold = folds(&samples, 10);
        let mut tally = Tally::default();
        for out in 0..10 {
            let (learn, ask): (Vec<_>, Vec<_>) = samples.iter().zip(&fold).partition(|(_, f)| **f != out);
            let learn: Vec<Sample> = learn.into_iter().map(|(s, _)| *s).collect();
            let model = Model::train(&learn, &Options::default()).expect("it trains");
            ask.iter().for_each(|(s, _)| tally.add(s.label, &model.classify(s.text)));
        }
        let report = tally.report();
        assert_eq!(report.messages, 60);
        assert!(report.accuracy >= 0.75, "{report:?}");
        assert!((report.confidence - report.accuracy).abs() < 0.1, "{report:?}");
    }

    #[test]
    fn the_same_messages_give_the_same_bytes() {
        let bytes = MODEL.to_bytes();
        assert_eq!(train(&TAUGHT).to_bytes(), bytes);
        // On every machine: this number was computed on one and must come out on all. It changes only with the method.
        let sum = bytes.last_chunk().map(|c| u32::from_le_bytes(*c));
        assert_eq!(sum, Some(CHECKSUM), "the model of the fixture has changed");
    }
    const CHECKSUM: u32 = 2_606_578_853;

    #[test]
    fn reasons_are_the_characters_that_spoke_for_the_label() {
        let reasons = MODEL.reasons("北门的路灯不亮", "路灯照明", 3);
        assert_eq!(reasons.len(), 3);
        assert!(reasons.iter().any(|r| r.gram == "灯"), "{reasons:?}");
        assert!(reasons.is_sorted_by(|a, b| a.weight >= b.weight) && reasons[2].weight > 0.0);
        assert!(MODEL.reasons("北门的路灯不亮", "没有这一类", 3).is_empty());
    }

    #[test]
    fn width_case_and_space_do_not_matter() {
        let a = MODEL.classify("Ｗifi 路灯\n不亮");
        let b = MODEL.classify("wIFI 路灯　不亮");
        assert_eq!(a, b);
    }

    #[test]
    fn a_text_without_known_characters_gets_the_prior_and_says_so() {
        for text in ["", "   ", "Ω≈ç"] {
            assert_eq!(MODEL.classify(text).known, 0);
            assert_eq!(MODEL.classify(text), MODEL.classify(""));
        }
    }

    #[test]
    fn the_title_counts() {
        let sample = |title: &'static str, label| Sample { text: Text { title, body: "您好" }, label, group: "" };
        let samples =
            [sample("路灯坏了", "灯"), sample("路灯不亮", "灯"), sample("车位不够", "车"), sample("乱停车", "车")];
        let model = Model::train(&samples, &Options::default()).expect("it trains");
        assert_eq!(model.classify(Text { title: "路灯", body: "您好" }).guesses[0].label, "灯");
        let without = Model::train(&samples, &Options { title_weight: 0, ..Options::default() }).expect("it trains");
        assert_eq!(without.features(), 3); // 您 好 您好
    }

    #[test]
    fn what_cannot_be_learnt_is_refused() {
        let learn = |all: &[(&str, &str)], options: &Options| {
            let samples: Vec<Sample> =
                all.iter().map(|(l, t)| Sample { text: (*t).into(), label: l, group: "" }).collect();
            Model::train(&samples, options).expect_err("refused")
        };
        let good = Options::default();
        assert_eq!(learn(&[], &good), LearnError::TooFewLabels(0));
        assert_eq!(learn(&[("a", "水"), ("a", "灯")], &good), LearnError::TooFewLabels(1));
        assert_eq!(learn(&[("a", "水"), ("", "灯")], &good), LearnError::Label { sample: 2 });
        assert_eq!(learn(&[("a", " "), ("b", "")], &good), LearnError::NoWords);
        for bad in [f32::NAN, 0.0, -1.0, f32::INFINITY] {
            let options = Options { cost: bad, ..Options::default() };
            assert_eq!(learn(&[("a", "水"), ("b", "灯")], &options), LearnError::Option("cost"));
        }
    }

    #[test]
    fn twenty_labels_need_more_than_one_lane_and_still_work() {
        let words: Vec<char> = "水电气路灯车树草鸟鱼山河门窗桌椅书笔纸画".chars().collect();
        let texts: Vec<(String, String)> = words
            .iter()
            .flat_map(|c| [1, 2, 3].map(|n| (c.to_string(), format!("{}坏了", c.to_string().repeat(n)))))
            .collect();
        let samples: Vec<Sample> =
            texts.iter().map(|(l, t)| Sample { text: t.as_str().into(), label: l, group: "" }).collect();
        let model = Model::train(&samples, &Options::default()).expect("it trains");
        let again = Model::from_bytes(&model.to_bytes()).expect("it reads");
        for c in words {
            assert_eq!(first(&model, &format!("请修{c}")), c.to_string());
            assert_eq!(model.classify("鱼水"), again.classify("鱼水"));
        }
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(title in ".{0,40}", body in "\\PC{0,200}") {
            let answer = MODEL.classify(Text { title: &title, body: &body });
            let total: f32 = answer.guesses.iter().map(|g| g.probability).sum();
            prop_assert_eq!(answer.guesses.len(), 6);
            prop_assert!((total - 1.0).abs() < 1e-5 && (0.0..=1.0).contains(&answer.margin()));
            prop_assert!(answer.guesses.is_sorted_by(|a, b| a.score >= b.score && a.probability >= b.probability));
        }

        #[test]
        fn groups_stay_together_and_folds_are_even(groups in prop::collection::vec(0..30u8, 1..80), count in 2..7usize) {
            let names: Vec<String> = groups.iter().map(|g| if *g < 10 { String::new() } else { g.to_string() }).collect();
            let samples: Vec<Sample> =
                names.iter().map(|g| Sample { text: "水".into(), label: "a", group: g }).collect();
            let fold = folds(&samples, count);
            prop_assert!(fold.iter().all(|f| *f < count));
            for (a, fa) in names.iter().zip(&fold) {
                prop_assert!(names.iter().zip(&fold).all(|(b, fb)| a.is_empty() || a != b || fa == fb));
            }
            let alone: Vec<Sample> = samples.iter().map(|s| Sample { group: "", ..*s }).collect();
            let mut sizes = vec![0usize; count];
            folds(&alone, count).into_iter().for_each(|f| sizes[f] += 1);
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
        }
    }
}

mod correction {
    use super::*;

    #[test]
    fn texts_that_share_nothing_keep_their_scores() {
        let mut model = MODEL.clone();
        let before = MODEL.classify("狗叫");
        let done = model.correct("门口那盏灯杆歪了", "停车车辆").expect("corrected");
        assert!(done.changed && done.shift > 0.0);
        assert_eq!(model.classify("狗叫"), before);
        // Once right, a second time changes nothing.
        let bytes = model.to_bytes();
        assert!(!model.correct("门口那盏灯杆歪了", "停车车辆").expect("corrected").changed);
        assert_eq!(model.to_bytes(), bytes);
    }

    #[test]
    fn new_words_are_learnt() {
        let mut model = MODEL.clone();
        assert_eq!(model.classify("鹦鹉").known, 0);
        let done = model.correct("鹦鹉", "噪音扰民").expect("corrected");
        assert_eq!((done.added, first(&model, "鹦鹉")), (3, "噪音扰民"));
        assert_eq!(Model::from_bytes(&model.to_bytes()).map(|m| m.classify("鹦鹉").known), Ok(3));
    }

    #[test]
    fn what_cannot_be_corrected_is_refused() {
        let mut model = MODEL.clone();
        assert_eq!(model.correct("水", "没有"), Err(LearnError::UnknownLabel("没有".into())));
        assert_eq!(model.correct(" ", "停车车辆"), Err(LearnError::NoWords));
    }

    #[test]
    fn changing_ones_mind_a_hundred_times_works() {
        let mut model = MODEL.clone();
        for i in 0..100 {
            let label = MODEL.labels()[i % 6].as_str();
            model.correct("灯", label).expect("corrected");
            assert_eq!(first(&model, "灯"), label);
        }
        Model::from_bytes(&model.to_bytes()).expect("still a model");
    }

    proptest! {
        #[test]
        fn afterwards_the_text_is_right_and_the_others_mostly_stay(row in 0..60usize, label in 0..6usize, tail in "\\PC{0,30}") {
            let mut model = MODEL.clone();
            let label = MODEL.labels()[label].clone();
            let text = format!("{}{tail}", TAUGHT[row].body);
            let done = model.correct(text.as_str(), &label).expect("corrected");
            prop_assert_eq!(first(&model, &text), &label);
            let again = Model::from_bytes(&model.to_bytes()).expect("it reads");
            prop_assert_eq!(again.classify(text.as_str()), model.classify(text.as_str()));
            let same = TAUGHT.iter().filter(|r| first(&model, &r.body) == first(&MODEL, &r.body)).count();
            prop_assert!(same >= 50, "{} of 60 sentences kept their label, {:?}", same, done);
        }
    }
}

mod file {
    use super::*;

    /// A changed file whose checksum fits again.
    fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.truncate(bytes.len().saturating_sub(4));
        let mut crc = flate2::Crc::new();
        crc.update(&bytes);
        bytes.extend(crc.sum().to_le_bytes());
        bytes
    }

    #[test]
    fn a_model_comes_back_as_it_was() {
        let bytes = MODEL.to_bytes();
        let model = Model::from_bytes(&bytes).expect("it reads");
        assert_eq!(model.to_bytes(), bytes);
        for row in TAUGHT.iter() {
            assert_eq!(model.classify(row.body.as_str()), MODEL.classify(row.body.as_str()));
        }
    }

    #[test]
    fn what_is_no_model_is_named() {
        let bytes = MODEL.to_bytes();
        let error = |bytes: &[u8]| Model::from_bytes(bytes).expect_err("no model");
        assert_eq!(error(b""), FileError::NotAModel);
        assert_eq!(error(b"title,body,label\n"), FileError::NotAModel);
        assert_eq!(error(&bytes[..bytes.len() - 1]), FileError::Damaged);
        assert_eq!(error(&bytes[..9]), FileError::Damaged);
        let mut other = bytes.clone();
        other[8] = 9;
        assert_eq!(error(&resealed(other)), FileError::Version(9));
        let mut huge = bytes.clone();
        huge[12..16].copy_from_slice(&4_000_000u32.to_le_bytes());
        assert_eq!(error(&resealed(huge)), FileError::Field("length"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..300), magic: bool) {
            let mut all = if magic { b"LINLI-TR\x01\x00".to_vec() } else { Vec::new() };
            all.extend(bytes);
            prop_assert!(Model::from_bytes(&all).is_err());
            if let Ok(model) = Model::from_bytes(&resealed(all)) {
                model.classify("路灯");
            }
        }

        #[test]
        fn one_changed_byte_is_noticed_and_a_forged_one_is_harmless(at in any::<prop::sample::Index>(), to: u8, cut in any::<prop::sample::Index>()) {
            let mut bytes = MODEL.to_bytes();
            let at = at.index(bytes.len());
            let was = std::mem::replace(&mut bytes[at], to);
            prop_assert_eq!(Model::from_bytes(&bytes).is_ok(), was == to);
            let cut = cut.index(bytes.len());
            prop_assert!(Model::from_bytes(&resealed(bytes[..cut].to_vec())).is_err());
            if let Ok(mut model) = Model::from_bytes(&resealed(bytes)) {
                let label = model.labels()[0].clone();
                model.correct("路灯不亮", &label).expect("corrected");
                prop_assert_eq!(first(&model, "路灯不亮"), label);
                prop_assert!(model.classify("路灯不亮").guesses.iter().all(|g| g.probability.is_finite()));
            }
        }
    }
}

mod tables {
    use super::*;

    #[test]
    fn columns_may_stand_in_any_order_and_be_compressed() {
        let csv = "\u{feff}label,其他,body,title,组\n灯,x,\"两行\n的正文\",标题,7\n";
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(csv.as_bytes()).expect("compressed");
        let rows = labelled(&gz.finish().expect("compressed"), Some("组")).expect("it reads");
        assert_eq!(rows, labelled(csv.as_bytes(), Some("组")).expect("it reads"));
        let row = &rows[0];
        assert_eq!((&*row.title, &*row.body, &*row.label, &*row.group), ("标题", "两行\n的正文", "灯", "7"));
    }

    #[test]
    fn errors_name_line_field_and_cause() {
        let error = |csv: &[u8]| labelled(csv, None).expect_err("refused").to_string();
        assert_eq!(error(b"title,body\na,b\n"), "line 1: column “label” is missing");
        assert_eq!(error(b"title,body,label\n"), "the table has no rows");
        assert_eq!(error("title,body,label\na,\"b\nb\",c\nd,e,\n".as_bytes()), "line 4, field label: is empty");
        assert_eq!(error(b"title,body,label\na,b,c\nd,e\n"), "line 3: 2 fields instead of 3");
        assert_eq!(
            error(b"title,body,label\na,\xb1\xb1,c\n"),
            "line 2, field body: is not UTF-8 (save the table as “CSV UTF-8”)"
        );
        assert!(error(&[0x1f, 0x8b, 1, 2, 3]).starts_with("gzip: "));
        let error = |rows: &str| {
            posted(format!("message_id,created_at,title,body\n{rows}").as_bytes()).expect_err("refused").to_string()
        };
        assert_eq!(error("1,昨天,t,b"), "line 2, field created_at: “昨天” is not a time like 2026-01-31 09:30:00");
        assert_eq!(error("1,2026-01-01,t,b\n1,2026-01-01,t,b"), "line 3, field message_id: “1” twice");
    }

    proptest! {
        #[test]
        fn any_bytes_are_safe(bytes in prop::collection::vec(any::<u8>(), 0..200), gzip: bool) {
            let mut all = if gzip { vec![0x1f, 0x8b, 8, 0] } else { b"title,body,label,message_id,created_at\n".to_vec() };
            all.extend(bytes);
            let _ = (labelled(&all, Some("group")), labelled(&all, None), posted(&all));
        }

        #[test]
        fn what_is_written_is_read(rows in prop::collection::vec(("\\PC*", "(?s).*", "[a-z]{1,5}"), 1..5)) {
            let mut out = csv::Writer::from_writer(Vec::new());
            out.write_record(["title", "body", "label"]).expect("written");
            rows.iter().for_each(|(t, b, l)| out.write_record([t, b, l]).expect("written"));
            let read = labelled(&out.into_inner().expect("written"), None).expect("it reads");
            let read: Vec<_> = read.into_iter().map(|r| (r.title, r.body, r.label)).collect();
            prop_assert_eq!(read, rows);
        }

        #[test]
        fn times_come_back(at in -62_135_596_800..253_402_300_800i64, text in "\\PC{0,25}") {
            prop_assert_eq!(seconds(&stamp(at)), Some(at));
            let _ = seconds(&text);
        }
    }
}

mod near {
    use super::*;

    #[test]
    fn a_copy_with_small_changes_is_found_and_another_message_is_not() {
        let mut index = Index::new();
        TAUGHT.iter().zip(0..).for_each(|(row, id)| index.add(id, &row.body));
        index.add(100, "梧桐苑南门积水已经一周，老人推车过不去，请尽快派人疏通排水口。");
        let near = index.near("梧桐苑南门积水已经一周了！老人推车过不去。请尽快派人疏通排水口", 0.5);
        assert_eq!(near.len(), 1);
        assert!(near[0].0 == 100 && near[0].1 > 0.8 && near[0].1 < 1.0, "{near:?}");
        assert!(index.near("七号楼电梯停了两天", 0.3).is_empty());
        assert!(index.remove(&100) && !index.remove(&100));
        assert!(index.near("梧桐苑南门积水已经一周了", 0.3).is_empty());
        assert_eq!(index.len(), 60);
    }

    #[test]
    fn adding_an_id_again_replaces_its_text() {
        let mut index = Index::new();
        index.add("a", "路灯坏了三天没人修");
        index.add("a", "垃圾桶满了没人清运");
        assert!(index.near("路灯坏了三天没人修", 0.3).is_empty());
        assert_eq!(index.near("垃圾桶满了没人清运", 0.3), [("a", 1.0)]);
    }

    proptest! {
        #[test]
        fn similarity_is_symmetric_and_one_only_for_the_same_characters(a in "[水电气路灯车]{0,30}", b in "[水电气路灯车]{0,30}") {
            prop_assert_eq!(similarity(&a, &b), similarity(&b, &a));
            prop_assert!((0.0..=1.0).contains(&similarity(&a, &b)));
            prop_assert_eq!(similarity(&a, &a), if a.is_empty() { 0.0 } else { 1.0 });
        }

        #[test]
        fn what_is_found_is_what_comparing_all_finds(
            texts in prop::collection::vec("[水电气路灯车门窗树草]{12,40}", 1..20),
            cut in 0..4usize,
        ) {
            // Copies that lost some characters: similarity is high, so the chance to miss one is below 1 in 10,000.
            let mut index = Index::new();
            texts.iter().zip(0..).for_each(|(t, id)| index.add(id, t));
            for text in &texts {
                let query: String = text.chars().skip(cut).collect();
                let found = index.near(&query, 0.6);
                let mut all: Vec<(i32, f32)> =
                    (0..).zip(&texts).map(|(id, t)| (id, similarity(&query, t))).filter(|(_, s)| *s >= 0.6).collect();
                all.sort_by(|a, b| b.1.total_cmp(&a.1));
                prop_assert_eq!(found, all);
            }
        }
    }
}

mod hot {
    use super::*;

    fn posts(rows: &[Posted]) -> Vec<Post<'_>> {
        let text = |r| -> Text<'_> {
            let r: &Posted = r;
            Text { title: &r.title, body: &r.body }
        };
        rows.iter().map(|r| Post { id: &r.id, at: r.at, place: r.place.as_deref(), text: text(r) }).collect()
    }

    fn written(rows: &[(&str, Option<&str>, &str)]) -> Vec<Posted> {
        rows.iter()
            .enumerate()
            .map(|(i, (at, place, title))| Posted {
                id: i.to_string(),
                at: seconds(at).expect("a time"),
                place: place.map(str::to_owned),
                title: title.to_string(),
                body: String::new(),
            })
            .collect()
    }

    #[test]
    fn the_worked_example_has_two_topics() {
        let rows = posted(include_bytes!("../examples/posts.csv")).expect("it reads");
        let found = topics(&posts(&rows), &TopicOptions::default());
        let shown: Vec<_> = found
            .iter()
            .map(|t| {
                (
                    t.id,
                    t.size,
                    t.place.as_deref(),
                    t.words[0].as_str(),
                    t.members.join(" "),
                    &t.from[..10],
                    &t.until[..10],
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                (1, 4, Some("梧桐苑"), "梧桐苑", "101 103 105 108".into(), "2026-03-02", "2026-03-09"),
                (2, 3, None, "七号楼电梯", "102 106 107".into(), "2026-03-02", "2026-03-06"),
            ]
        );
    }

    #[test]
    fn other_places_and_other_times_are_other_topics() {
        let rows = written(&[
            ("2026-01-01", Some("甲"), "路灯坏了"),
            ("2026-01-02", Some("乙"), "路灯坏了"),
            ("2026-01-03", Some("甲"), "路灯坏了"),
            ("2026-01-04", Some("乙"), "路灯坏了"),
            ("2026-12-01", Some("甲"), "路灯坏了"),
            ("2026-12-02", None, "路灯坏了"),
            ("2026-12-03", None, "垃圾没人清"),
        ]);
        let options = TopicOptions { window_days: 30, least: 2, ..Default::default() };
        let members: Vec<_> =
            topics(&posts(&rows), &options).into_iter().map(|t| (t.place, t.members.join(" "))).collect();
        let place = |p: &str| Some(p.to_owned());
        assert_eq!(members, [(place("甲"), "0 2".into()), (place("乙"), "1 3".into()), (place("甲"), "4 5".into())]);
    }

    #[test]
    fn a_chain_does_not_become_one_giant_topic() {
        // Each title shares half of its characters with the next, and none with the one after that.
        let letters: Vec<char> = (0x4E00..0x4E00 + 500).filter_map(char::from_u32).collect();
        let titles: Vec<String> = (0..100).map(|i| letters[i * 4..i * 4 + 8].iter().collect()).collect();
        let rows: Vec<(&str, Option<&str>, &str)> = titles.iter().map(|t| ("2026-01-01", None, t.as_str())).collect();
        let found = topics(&posts(&written(&rows)), &TopicOptions { least: 2, ..Default::default() });
        assert!(!found.is_empty() && found.iter().all(|t| t.size <= 4), "{:?}", found.iter().map(|t| t.size).max());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn order_does_not_matter_and_the_limits_hold(
            picked in prop::collection::vec((0..60usize, 0..400i64, 0..3usize), 0..80),
            least in 1..4usize,
        ) {
            let rows: Vec<Posted> = picked.iter().enumerate().map(|(i, (row, day, place))| Posted {
                id: i.to_string(),
                at: day * 86_400,
                place: [None, Some("甲"), Some("乙")][*place].map(str::to_owned),
                title: TAUGHT[*row].body.clone(),
                body: String::new(),
            }).collect();
            let options = TopicOptions { least, ..Default::default() };
            let found = topics(&posts(&rows), &options);
            let mut turned = posts(&rows);
            turned.reverse();
            prop_assert_eq!(&topics(&turned, &options), &found);
            let mut seen = HashSet::new();
            for topic in &found {
                prop_assert!(topic.size >= least && topic.size == topic.members.len());
                let of: Vec<&Posted> = topic.members.iter().map(|m| &rows[m.parse::<usize>().unwrap()]).collect();
                prop_assert!(topic.members.iter().all(|m| seen.insert(m.clone())));
                let places: HashSet<&str> = of.iter().filter_map(|p| p.place.as_deref()).collect();
                prop_assert!(places.len() <= 1);
                let (from, until) = (of.iter().map(|p| p.at).min(), of.iter().map(|p| p.at).max());
                prop_assert!(until.unwrap() - from.unwrap() <= 180 * 86_400);
                prop_assert_eq!(&topic.from, &stamp(from.unwrap()));
            }
        }
    }
}

/// Real messages of a contest, for measuring only; absent from the repository.
#[test]
fn five_folds_of_real_messages_reach_the_reference() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/eval/messages-train.csv.gz");
    let Ok(bytes) = std::fs::read(file) else {
        println!("skipped: the evaluation messages are not here");
        return;
    };
    let rows = labelled(&bytes, Some("dup_group")).expect("it reads");
    let samples: Vec<Sample> = rows.iter().map(Labelled::sample).collect();
    let (fold, mut tally) = (folds(&samples, 5), Tally::default());
    for out in 0..5 {
        let (learn, ask): (Vec<_>, Vec<_>) = samples.iter().zip(&fold).partition(|(_, f)| **f != out);
        let learn: Vec<Sample> = learn.into_iter().map(|(s, _)| *s).collect();
        let quick = Options { folds: 2, tolerance: 0.5, ..Options::default() };
        let model = Model::train(&learn, &quick).expect("it trains");
        ask.iter().for_each(|(s, _)| tally.add(s.label, &model.classify(s.text)));
    }
    let report = tally.report();
    assert!(report.macro_f1 >= 0.91 && report.top2 >= 0.98, "{report:?}");
    assert!((report.confidence - report.accuracy).abs() < 0.03, "{report:?}");
}
