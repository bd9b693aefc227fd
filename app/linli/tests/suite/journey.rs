//! The life of a case, in sentences.
use crate::*;

const SAID: &str = "三号楼二层的灯坏了，晚上看不见路";

#[test]
fn a_case_goes_the_whole_loop() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, SAID);
        assert_eq!((m.state.as_str(), m.owner), ("received", Some(c.committee)));
        assert!(m.due.is_some() && m.title == SAID);

        // The committee signs, and one tap sends it where a rule says; the rule is explained.
        w.does(c.worker, &m, "sign", &[]);
        let m = w.does(c.colleague, &m, "dispatch", &[]);
        assert_eq!((m.state.as_str(), m.owner), ("dispatched", Some(c.property)));
        let rule = w.last_act(&m).data.0["route"]["rule"].as_str().expect("a rule decided").parse().unwrap();
        let why = w.read(|cx| linli_cases::explain(cx, rule, Lang::En)).expect("the rule is known");
        assert!(!why.0.is_empty() && why.1 <= w.now());

        // A first return goes back to the sender, a second to the common superior, whose ruling binds.
        let back = [("reason", "not_ours"), ("way", "该灯属市政道路照明")];
        let m = w.does(c.handler, &m, "return", &back);
        assert_eq!((m.state.as_str(), m.owner), ("received", Some(c.committee)));
        let m = w.does(c.worker, &m, "dispatch", &[("unit", &w.unit(c.department))]);
        let m = w.does(c.official, &m, "return", &back);
        let judge = m.owner.unwrap();
        assert_eq!(m.state, "ruling");
        assert!(judge == c.ops || judge == c.root, "the common superior of a committee and a department");
        let judges = if judge == c.ops { c.ops_dispatcher } else { w.system(move |cx| appoint_someone(cx, judge)) };
        let m = w.does(judges, &m, "rule", &[("unit", &w.unit(c.property)), ("words", "楼道灯由物业维修")]);
        assert_eq!(m.owner, Some(c.property));
        let again = w.tries(c.handler, &m, "return", &back).unwrap_err();
        assert_eq!(again.status(), 403, "after a ruling there is no return");

        // Signing, first contact, one approved extension, an answer.
        let m = w.does(c.handler, &m, "sign", &[]);
        assert_eq!(m.assignee, Some(c.handler));
        let before = w.clock(&m, "answer").due;
        w.does(c.handler, &m, "contact", &[("words", "已电话联系，约明日上门")]);
        let m = w.does(c.handler, &m, "ask_extension", &[("days", "2"), ("words", "灯具需订货")]);
        assert_eq!(m.state, "approval");
        let m = w.does(c.dispatcher, &m, "approve", &[]);
        assert_eq!((m.state.as_str(), m.owner), ("handling", Some(c.property)));
        assert!(w.clock(&m, "answer").due > before);
        let twice = w.tries(c.handler, &m, "ask_extension", &[("days", "1"), ("words", "再要一天")]).unwrap_err();
        assert_eq!(twice.status(), 403, "one extension");
        let m = w.does(c.handler, &m, "answer", &[("outcome", "solved"), ("words", "已更换灯具，请查看")]);
        assert_eq!(m.state, "answered");

        // Not satisfied: another person does it again. Not satisfied a second time: the town reviews and ends it.
        let no = [("solved", "no"), ("satisfaction", "dissatisfied"), ("words", "还是不亮")];
        let m = w.does(c.resident, &m, "verdict", &no);
        assert_eq!((m.state.as_str(), m.owner, m.assignee), ("handling", Some(c.property), Some(c.second_handler)));
        let again = [("outcome", "solved"), ("words", "线路重新接好，已试亮")];
        assert_eq!(w.tries(c.handler, &m, "answer", &again).unwrap_err().status(), 403, "not who answered before");
        let m = w.does(c.second_handler, &m, "answer", &again);
        let m = w.does(c.resident, &m, "verdict", &no);
        assert_eq!((m.state.as_str(), m.owner), ("review", Some(c.town)));
        let silent = w.tries(c.dispatcher, &m, "end_review", &[("reason", "已尽责")]).unwrap_err();
        assert!(refusal(&silent).contains("way"), "an end needs further paths");
        let m = w.does(c.dispatcher, &m, "end_review", &[("reason", "已两次维修"), ("way", "可拨打12345或申请复查")]);
        assert!(!m.open && m.state == "closed" && m.owner.is_none());
        w.work();
        w.holds();
    }
}

fn appoint_someone(cx: &mut Cx<'_, '_>, unit: UnitId) -> Result<PersonId> {
    let new = NewPerson { name: Personal::new("戚裁".into()), phone: None, id_number: None, lang: Lang::Zh };
    let person = linli_registry::create_person(cx, unit, &new)?;
    linli_registry::appoint(cx, person, unit, Role::Dispatcher, true, None)?;
    Ok(person)
}

#[test]
fn the_complained_about_neither_gets_nor_sees_the_case() {
    for w in World::both() {
        let c = w.cast.clone();
        let about = |named| Report {
            words: "物业收费不透明，多次询问无人答复".into(),
            category: w.words.lamp.into(),
            place: Some(c.door),
            named: Some(named),
            ..Report::default()
        };
        // The rule for lamps sends to the property enterprise; a complaint about it goes past it.
        let m = w.report_as(c.resident, about(c.property)).unwrap();
        let m = w.does(c.worker, &m, "dispatch", &[]);
        assert_ne!(m.owner, Some(c.property));
        assert!(!w.sees(c.handler, &m) && !w.sees(c.second_handler, &m), "404 for the unit complained about");
        assert!(!w.sees(c.neighbour, &m), "and nothing for neighbours");
        let by_name = w.tries(c.dispatcher, &m, "dispatch", &[("unit", &w.unit(c.property))]);
        assert!(by_name.is_err(), "not by choice either");
        // A complaint about the committee begins above it, and the committee's staff do not find it.
        let m = w.report_as(c.resident, about(c.committee)).unwrap();
        assert_ne!(m.owner, Some(c.committee));
        for staff in [c.worker, c.colleague, c.head] {
            assert!(!w.sees(staff, &m));
        }
        assert!(w.sees(c.resident, &m));
        w.holds();
    }
}

#[test]
fn danger_runs_on_the_wall_clock_to_the_duty_post() {
    for w in World::both() {
        let c = w.cast.clone();
        // Saturday night.
        w.pass(5 * time::DAY + 13 * time::HOUR);
        let m = w.report(c.resident, w.words.danger, "有人被困在电梯里，按铃没有人");
        let duty = if m.owner == Some(c.committee) { c.worker } else { c.dispatcher };
        assert_eq!(m.assignee, Some(duty), "assigned to whoever is on duty");
        let sign = w.clock(&m, "sign");
        assert!(sign.due - w.now() <= time::HOUR, "within the hour although nobody is at work");
        w.pass(2 * time::HOUR);
        w.work();
        let overdue = w.last_act(&m);
        assert_eq!(overdue.act, "case.overdue");
        w.does(duty, &m, "sign", &[]);
        let asked = w.tries(duty, &m, "ask_extension", &[("days", "1"), ("words", "需要更多时间")]).unwrap_err();
        assert_eq!(asked.status(), 403, "what is urgent is not extended");
        w.holds();
    }
}

#[test]
fn declining_needs_a_reason_and_a_way() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.advice, "请社区帮我办理外省的营业执照");
        for half in [
            vec![("reason", "不属于社区职责")],
            vec![("way", "请到政务服务中心办理")],
            vec![("reason", "  "), ("way", "请到政务服务中心办理")],
        ] {
            assert_eq!(w.tries(c.worker, &m, "decline", &half).unwrap_err().status(), 422);
        }
        let m = w.does(c.worker, &m, "decline", &[("reason", "不属于社区职责"), ("way", "请到政务服务中心办理")]);
        assert_eq!(m.state, "answered", "declined is not closed: the resident judges that too");
        let words = w.last_act(&m).words.unwrap();
        assert!(words.contains("不属于社区职责") && words.contains("政务服务中心"));
        w.holds();
    }
}

#[test]
fn a_pause_keeps_the_remaining_time() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, SAID);
        w.does(c.worker, &m, "sign", &[]);
        let left = |w: &World| {
            let (events, now) = (w.clock(&m, "answer").events, w.now());
            w.read(move |cx| {
                let work = linli_registry::work(cx)?;
                let clock = work_calendar::Clock::fold(&events, &work.calendars).map_err(Error::internal)?;
                clock.remaining(now, &work.calendars).map(|left| left.value).map_err(Error::internal)
            })
        };
        let until = time::day_text(time::civil_day(w.now()) + 3);
        w.does(c.worker, &m, "ask_pause", &[("because", "parts"), ("until", &until), ("words", "等待配件")]);
        let before = left(&w);
        let m2 = w.does(c.dispatcher, &m, "approve", &[]);
        assert_eq!(m2.state, "paused");
        assert!(!w.clock(&m, "answer").running);
        w.pass(26 * time::HOUR);
        let m3 = w.does(c.worker, &m, "resume", &[]);
        assert_eq!((m3.state.as_str(), left(&w)), ("handling", before), "resumed by hand: as much as before");
        // A second pause ends by its clock.
        let until = time::day_text(time::civil_day(w.now()) + 1);
        w.does(c.worker, &m, "ask_pause", &[("because", "weather"), ("until", &until), ("words", "雨停后施工")]);
        w.does(c.dispatcher, &m, "approve", &[]);
        w.live_days(2);
        assert_eq!(w.again(&m).state, "handling");
        w.holds();
    }
}

#[test]
fn silence_closes_as_not_evaluated() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, SAID);
        let m = w.does(
            c.worker,
            &m,
            "answer",
            &[("outcome", "explained"), ("words", "灯已列入本周维修计划"), ("way", "可在维修公示栏查看进度")],
        );
        let before = w.now();
        w.live_days(20);
        let m = w.again(&m);
        assert_eq!((m.state.as_str(), w.last_act(&m).act.as_str()), ("closed", "case.lapse"));
        assert!(m.closed.unwrap() > before + 7 * time::DAY);
        let case = w.read(|cx| linli_cases::case(cx, m.id)).unwrap();
        assert_eq!((case.satisfied, case.solved), (None, None), "never counted as satisfied");
        w.holds();
    }
}

#[test]
fn a_late_return_is_refused_with_a_way() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, SAID);
        let m = w.does(c.worker, &m, "dispatch", &[]);
        w.pass(3 * time::DAY);
        let late = w.tries(c.handler, &m, "return", &[("reason", "not_ours"), ("way", "应由市政维修")]).unwrap_err();
        assert_eq!(late.status(), 403);
        assert!(refusal(&late).len() > 40, "says what to do instead: {}", refusal(&late));
        assert!(!w.could(c.handler, &m).is_empty());
    }
}

#[test]
fn who_comes_second_is_told_what_changed() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, SAID);
        let seen = m.revision;
        w.does(c.worker, &m, "sign", &[]);
        let id = m.id;
        let (name, given) = ("dispatch", Given::default());
        let late =
            w.write(&w.as_(c.colleague), move |cx| linli_matters::act(cx, id, name, &given, Some(seen))).unwrap_err();
        assert_eq!(late.status(), 409);
        let label = w.read(|cx| Ok(linli_matters::kind(cx, "case")?.find("sign").unwrap().label.en));
        assert!(refusal(&late).contains(label), "{}", refusal(&late));
        // Truly at once: of many who sign the same case exactly one succeeds, and nothing is half done.
        let m = w.report(c.resident, w.words.lamp, SAID);
        let id = m.id;
        let done: Vec<bool> = std::thread::scope(|s| {
            let tries: Vec<_> = (0..8)
                .map(|n| {
                    let (who, house) = (w.as_([c.worker, c.colleague, c.head][n % 3]), w.house.clone());
                    s.spawn(move || {
                        house
                            .write(&who, move |cx| linli_matters::act(cx, id, "sign", &Given::default(), Some(1)))
                            .is_ok()
                    })
                })
                .collect();
            tries.into_iter().map(|t| t.join().unwrap()).collect()
        });
        assert_eq!(done.iter().filter(|ok| **ok).count(), 1);
        assert_eq!(w.again(&m).revision, 2);
        w.holds();
    }
}

#[test]
fn a_command_is_done_once() {
    for w in World::both() {
        let c = w.cast.clone();
        let place = c.door;
        let category = w.words.lamp;
        let send = |words: &'static str| {
            w.write(&w.as_(c.resident), move |cx| {
                let r =
                    Report { words: words.into(), category: category.into(), place: Some(place), ..Report::default() };
                cx.once(&key("phone-0001-abc"), &r, |cx| linli_cases::report(cx, &r).map(|m| m.number))
            })
        };
        let first = send(SAID).unwrap();
        assert_eq!(send(SAID).unwrap(), first, "asked again: the same answer");
        assert_eq!(send("另外一件事情，路面破损").unwrap_err().status(), 409, "the same key for something else");
        let other = w.write(&w.as_(c.neighbour), move |cx| cx.once(&key("phone-0001-abc"), &1, |_| Ok(7))).unwrap();
        assert_eq!(other, 7, "keys are each sender's own");
        assert_eq!(w.read(|cx| linli_matters::see(cx, &first).map(|s| s.matter.id)).0.get_version_num(), 7);
        w.holds();
    }
}

#[test]
fn staff_enter_for_a_resident_with_consent() {
    for w in World::both() {
        let c = w.cast.clone();
        let said = |consent, phone: &str| Report {
            words: "家里老人来电，楼道堆物堵住了消防门".into(),
            category: w.words.lamp.into(),
            place: Some(c.door),
            on_behalf: Some("戚甲".into()),
            phone: Some(phone.into()),
            consent,
            ..Report::default()
        };
        assert_eq!(
            w.report_as(c.worker, said(false, "13900011101")).unwrap_err().status(),
            422,
            "no consent, no report"
        );
        assert!(w.report_as(c.far_worker, said(true, "13900011101")).is_err(), "another committee's worker may not");
        assert!(w.report_as(c.neighbour, said(true, "13900011101")).is_err(), "nor may a neighbour");
        let m = w.report_as(c.worker, said(true, "139 0001 1101")).unwrap();
        assert_eq!(m.reporter, Some(c.resident), "found by telephone: it is the resident's own case");
        assert!(w.sees(c.resident, &m));
        assert!(w.could(c.resident, &m).contains(&"add"));
        // Whoever did not answer writes down the verdict that was told by word of mouth.
        w.does(c.worker, &m, "answer", &[("outcome", "solved"), ("words", "已清理堆物，消防门可开")]);
        let told = [("solved", "yes"), ("satisfaction", "satisfied"), ("words", "电话里说已经清掉")];
        assert_eq!(w.tries(c.worker, &m, "verdict_for", &told).unwrap_err().status(), 403);
        assert_eq!(w.does(c.head, &m, "verdict_for", &told).state, "closed");
        w.holds();
    }
}

#[test]
fn erased_words_leave_their_commitment() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, "三号楼特殊字样雀巢的灯坏了");
        let find = |q: &'static str| {
            let committee = c.committee;
            let made = w.house.read(&w.as_(c.worker), |cx| {
                let path = linli_registry::units(cx)?.path(committee).to_vec();
                let scope = cx.scope(linli_cases::LIST, linli_core::ScopeKind::Within(committee), &path)?;
                linli_matters::list(
                    cx,
                    &scope,
                    &linli_matters::Ask { q: Some(q.into()), limit: 20, ..Default::default() },
                )
            });
            made.unwrap().items.len()
        };
        assert_eq!(find("雀巢"), 1);
        let not_mine = w.tries(c.worker, &m, "erase", &[("seq", "1")]).unwrap_err();
        assert_eq!(not_mine.status(), 403, "only one's own words");
        w.does(c.resident, &m, "erase", &[("seq", "1")]);
        let id = m.id;
        let story = w.read(|cx| {
            let seen = linli_matters::see_id(cx, id)?;
            linli_matters::story(cx, &seen, 0)
        });
        let first = &story.acts[0];
        assert!(first.words.is_none() && first.commitment.is_some());
        assert_eq!(story.acts[1].act, "case.erase", "erasing is on record");
        assert_eq!(find("雀巢"), 0, "and gone from the index");
        assert!(!w.again(&m).title.contains("雀巢"));
        assert_eq!(
            w.tries(c.resident, &m, "erase", &[("seq", "1")]).unwrap_err().status(),
            409,
            "nothing left to erase"
        );
        w.holds();
    }
}

#[test]
fn a_joint_task_has_its_own_clock_and_one_answer_reaches_the_resident() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, SAID);
        w.does(c.worker, &m, "sign", &[]);
        let m = w.does(c.worker, &m, "assist", &[("unit", &w.unit(c.department)), ("words", "请派人一起看线路")]);
        let (id, official) = (m.id, w.as_(c.official));
        let related = |who: &Who| {
            w.house.read(who, |cx| {
                let parent = linli_matters::see_id(cx, id)?;
                Ok(parent.related().to_vec())
            })
        };
        let task = related(&Arc::new(Actor::system()))
            .unwrap()
            .into_iter()
            .find(|(t, _)| t.kind == "task")
            .expect("a task was born")
            .0;
        assert_eq!((task.owner, task.parent), (Some(c.department), Some(m.id)));
        assert!(w.sees(c.official, &task) && !w.sees(c.resident, &task) && !w.sees(c.other_official, &task));
        assert_eq!(related(&official).unwrap().len(), 1);
        w.does(c.official, &task, "sign", &[]);
        w.does(c.official, &task, "done", &[("words", "线路已检查，无漏电")]);
        // Who asked reads what came of it, from the case.
        let asker = w.as_(c.worker);
        assert_eq!(related(&asker).unwrap().len(), 1);
        let told = w.house.read(&asker, |cx| {
            let seen = linli_matters::see_id(cx, task.id)?;
            linli_matters::story(cx, &seen, 0)
        });
        assert!(told.unwrap().acts.iter().any(|a| a.words.as_deref() == Some("线路已检查，无漏电")));
        assert!(!w.again(&task).open && w.again(&m).open);
        w.holds();
    }
}

#[test]
fn a_supervisor_instructs_and_never_handles() {
    for w in World::both() {
        let c = w.cast.clone();
        let m = w.report(c.resident, w.words.lamp, SAID);
        w.does(c.supervisor, &m, "instruct", &[("words", "请本周内办结并回复")]);
        assert!(w.again(&m).supervised);
        for desk in ["sign", "dispatch", "answer", "decline"] {
            assert_eq!(w.tries(c.supervisor, &m, desk, &[]).unwrap_err().status(), 403, "{desk}");
        }
        let urged = w.does(c.resident, &m, "urge", &[]);
        assert_eq!(w.tries(c.resident, &urged, "urge", &[]).unwrap_err().status(), 403, "once a day");
        let m = w.does(c.resident, &m, "withdraw", &[("words", "已经自己换好了")]);
        assert!(!m.open);
        w.does(c.supervisor, &m, "call_back", &[("solved", "yes"), ("words", "电话回访，灯已亮")]);
        w.holds();
    }
}
