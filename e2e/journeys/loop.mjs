// (a) A broken lamp, from the tenant's phone to the verdict, through every desk that touches it.
import assert from "node:assert/strict";
import { NEXT, atDesk, caseOf, go, move, picture, stands, startReport, words } from "../lib/steps.mjs";

const PHONE = "13912345678";

export async function residentLoop(world) {
  const unitOf = (role) => world.account(role).unit;
  const [committee, property, department] = ["worker", "property_handler", "department_handler"].map(unitOf);
  const name = world.account("tenant").name;

  // The tenant, on a phone, in Chinese: three pages and the number.
  const tenant = await world.as("tenant", { phone: true, lang: "zh" });
  await tenant.goto("/");
  await world.audit(tenant, { zoom: true });
  await world.shot(tenant, "resident-home");
  await go(tenant, 'a.action[href="/report"]');
  await tenant.fill('[name="words"]', `西门进来的楼道灯坏了三天，晚上看不见台阶。我是${name}，电话${PHONE}`);
  await tenant.setInputFiles('[data-photos] input[type="file"]', picture());
  await tenant.waitForSelector(".thumbs img");
  await tenant.fill("#f-search", "西门");
  await tenant.waitForSelector('.combo [role="option"]');
  await tenant.keyboard.press("ArrowDown");
  await tenant.keyboard.press("Enter");
  assert.match(await tenant.$eval("#place", (select) => select.selectedOptions[0].text), /西门/);
  await world.audit(tenant, { zoom: true });
  await world.shot(tenant, "resident-report-1");
  await go(tenant, NEXT);
  assert.match(await words(tenant), /第 2 步，共 3 步/);
  await tenant.selectOption('[name="category"]', "facilities.stair_light");
  await world.audit(tenant, { zoom: true });
  await go(tenant, NEXT);
  const preview = await tenant.innerText(".preview");
  assert.match(preview, /楼道灯坏了三天/);
  assert.doesNotMatch(preview, new RegExp(PHONE));
  assert.match(await words(tenant), new RegExp(committee));
  await world.audit(tenant, { zoom: true });
  await world.shot(tenant, "resident-report-3");
  await go(tenant, NEXT);
  const number = new URL(tenant.url()).pathname.replace("/m/", "");
  assert.match(number, /^\d+-\d{4}-\d+$/);
  assert.match(await tenant.innerText(".toast"), new RegExp(number));
  assert.match(await tenant.innerText(".turn"), new RegExp(committee));
  await tenant.waitForFunction(() => document.querySelector(".act .thumb img")?.complete);
  assert.equal(await tenant.$eval(".act .thumb img", (img) => img.naturalWidth > 0), true);
  await world.audit(tenant, { zoom: true });
  await stands(world, "worker", number, "received", committee);

  // A neighbour reads what happened, never who said it.
  const neighbour = await world.as("resident", { phone: true, lang: "zh" });
  await neighbour.goto(`/m/${number}`);
  const read = await words(neighbour);
  assert.match(read, /楼道灯坏了三天/);
  assert.doesNotMatch(read, new RegExp(`${PHONE}|您可以|报了这件事.*${name}`));
  assert.equal(await neighbour.$$eval(".moves form", (forms) => forms.length), 0);
  await world.audit(neighbour);

  // The worker, at the desk, in English: signs, then one tap sends it where the rules say.
  const worker = await world.as("worker", { lang: "en" });
  await worker.goto("/inbox");
  await worker.click(`.matter:has-text("${number}") .matter-title`);
  await worker.waitForSelector(`#pane form[action="/m/${number}/sign"]`);
  assert.match(await worker.title(), /楼道灯/);
  await world.audit(worker);
  await world.shot(worker, "desk-inbox");
  await move(worker, "sign");
  assert.match(await worker.innerText(".toast"), /Saved/);
  await stands(world, "worker", number, "handling", committee);
  assert.match(await worker.textContent(`form[action="/m/${number}/dispatch"] option:first-child`), /By the dispatch rules: .+ Property/);
  await move(worker, "dispatch");
  const sent = await stands(world, "worker", number, "dispatched", property);
  assert.equal(sent.acts.at(-1).data.why, "rule");

  // The property enterprise says it is not theirs: a reason and a basis are asked.
  const handler = await world.as("property_handler", { lang: "zh" });
  await atDesk(handler, number);
  await move(handler, "return", { way: "" });
  assert.equal(await handler.$$eval(".errors li", (li) => li.length), 2);
  handler.faults = []; // the browser notes a 422
  await world.audit(handler);
  await move(handler, "return", { reason: ["not_ours"], way: "灯在西门外侧，属市政设施，建议交公安交警确认。" });
  const back = await stands(world, "worker", number, "received", committee);
  assert.equal(back.returns, 1);

  // The committee sends it to a department; a second return is ruled by the common superior.
  await atDesk(worker, number);
  assert.match(await words(worker), /市政设施/);
  await move(worker, "dispatch", { unit: await idOf(world, department) });
  const department_ = await world.as("department_handler", { lang: "zh" });
  await stands(world, "department_handler", number, "dispatched", department);
  await atDesk(department_, number);
  await move(department_, "return", { reason: ["not_ours"], way: "楼道灯是小区共用设施，应由物业维修。" });
  const judged = await stands(world, "district_dispatcher", number, "ruling");
  assert.equal(judged.returns, 2);
  assert.equal(judged.owner.name, unitOf("district_dispatcher"));
  const judge = await world.as("district_dispatcher", { lang: "zh" });
  await atDesk(judge, number);
  await move(judge, "rule", { unit: await idOf(world, property), words: "灯在小区围墙内，是共用设施，由物业维修。" });
  await stands(world, "property_handler", number, "dispatched", property);

  // The supervisor instructs in the middle; everybody who handles it sees that.
  const supervisor = await world.as("supervisor", { lang: "zh" });
  await supervisor.goto(`/m/${number}`);
  await move(supervisor, "instruct", { words: "灯坏涉及老人安全，请今天修好。" });
  assert.equal((await caseOf(world, "property_handler", number)).supervised, true);

  // Signed, contacted, answered.
  await atDesk(handler, number);
  assert.equal(await handler.$$eval(`form[action="/m/${number}/return"]`, (forms) => forms.length), 0, "a ruled case is not returned again");
  await move(handler, "sign");
  await stands(world, "property_handler", number, "handling", property);
  await go(handler, `form[action="/m/${number}/who"] button`);
  assert.match(await handler.innerText("#pane"), new RegExp(name));
  await atDesk(handler, number);
  await move(handler, "contact", { words: "电话里说好今晚来换灯。" });
  await move(handler, "answer", { outcome: ["solved"], words: "换了感应灯和线路，试了三次都亮。" });
  await stands(world, "property_handler", number, "answered");

  // Not satisfied: somebody else does it again.
  await tenant.goto("/");
  assert.match(await tenant.innerText(".is-turn"), /楼道灯/);
  assert.match(await tenant.innerText('.tabs a[href="/matters"] .count'), /1/);
  await go(tenant, ".is-turn .matter-title");
  await world.shot(tenant, "resident-verdict");
  await move(tenant, "verdict", { solved: ["no"], satisfaction: ["dissatisfied"] });
  assert.match(await tenant.innerText(".errors"), /哪里没有办好/);
  assert.equal(await tenant.isChecked('form[action$="/verdict"] [name="solved"][value="no"]'), true, "what was chosen stays chosen");
  tenant.faults = [];
  await world.audit(tenant);
  await move(tenant, "verdict", { words: "灯亮了半小时又灭了。" });
  const again = await caseOf(world, "property_handler", number);
  assert.equal(again.redo, 1);
  assert.equal(again.state, "handling");
  const verdict = again.acts.findLast((act) => act.act === "case.verdict");
  assert.equal(verdict.data.redo_by, "another_person");
  const first = world.account("property_handler").name;
  await atDesk(handler, number);
  assert.doesNotMatch(await handler.innerText("#facts ~ dl"), new RegExp(first));

  assert.equal(await handler.locator('form[action$="/answer"]').count(), 0, "whoever answered leaves it to a colleague");

  // Answered again, and satisfied.
  const second = await world.as("property_second", { lang: "zh" });
  await atDesk(second, number);
  await move(second, "answer", { outcome: ["solved"], words: "更换了整段线路和控制器，连续亮了两晚。" });
  await tenant.goto(`/m/${number}`);
  await move(tenant, "verdict", { solved: ["yes"], satisfaction: ["satisfied"] });
  const closed = await stands(world, "worker", number, "closed", null);
  assert.deepEqual(closed.verdict, { satisfied: true, solved: true });
  assert.equal(closed.open, false);
  assert.match(await tenant.innerText(".turn"), /已经办结/);
  await world.audit(tenant, { zoom: true });
  await world.shot(tenant, "resident-story");
  const story = await words(tenant);
  for (const seen of ["解决了，满意", "没有解决，不满意", "督办", "灯亮了半小时又灭了"]) assert.match(story, new RegExp(seen));
  await neighbour.goto(`/m/${number}`);
  assert.doesNotMatch(await words(neighbour), new RegExp(`${PHONE}|${first}`));
}

/** The id of a unit by its whole name. */
async function idOf(world, name) {
  const { items } = await (await world.api("worker", `/api/v1/units?q=${encodeURIComponent(name)}`)).json();
  const found = items.filter((unit) => unit.name === name);
  assert.equal(found.length, 1, name);
  return found[0].id;
}

export async function theSameReportWithoutScripts(world) {
  const tenant = await world.as("tenant", { phone: true, lang: "zh", js: false });
  await startReport(tenant, "南门的信箱锁坏了，信都掉在地上。");
  await tenant.setInputFiles('[data-photos] input[type="file"]', picture());
  // The own home is filled in: neighbours are shown the building, never the room.
  await go(tenant, NEXT);
  await tenant.selectOption('[name="category"]', "facilities.door");
  await go(tenant, NEXT);
  assert.match(await tenant.innerText(".preview"), /22号(?!\d)/);
  assert.doesNotMatch(await tenant.innerText(".preview"), /\d室/);
  // Back and forward show what was typed; loading a page again sends nothing.
  await tenant.goBack();
  assert.equal(await tenant.inputValue('[name="category"]'), "facilities.door");
  await tenant.goBack();
  assert.match(await tenant.inputValue('[name="words"]'), /信箱锁/);
  assert.equal(await tenant.isChecked('[name="kept"]'), true, "the photo need not be picked again");
  await tenant.goForward();
  await tenant.goForward();
  await tenant.reload();
  // One answer is changed, and nothing else.
  await go(tenant, '.change a[href*="#f-words"]');
  await tenant.fill('[name="words"]', "南门的信箱锁坏了，信都掉在地上，淋湿了。");
  await go(tenant, NEXT);
  assert.match(await tenant.innerText(".preview"), /淋湿了/);
  assert.match(await tenant.innerText(".facts"), /照片\s+1/);
  // A second tab is another report, which knows of this one.
  const tab = await tenant.context().newPage();
  await tab.goto("/report");
  assert.equal(await tab.inputValue('[name="words"]'), "");
  await go(tab, '.notice a[href*="draft="]');
  assert.match(await tab.inputValue('[name="words"]'), /淋湿了/);
  await tab.close();
  await go(tenant, NEXT);
  const number = new URL(tenant.url()).pathname.replace("/m/", "");
  const neighbour = await world.as("resident", { phone: true, lang: "zh" });
  await neighbour.goto(`/m/${number}`);
  assert.doesNotMatch(await words(neighbour), /401室/);
  assert.match(await tenant.innerText(".toast"), new RegExp(number));
  assert.equal((await caseOf(world, "worker", number)).files.length, 1);
  const worker = await world.as("worker", { lang: "en", js: false });
  await worker.goto("/inbox");
  await worker.check(`.matter:has-text("${number}") .matter-pick input`);
  await go(worker, '#bulk button[value="sign"]');
  await stands(world, "worker", number, "handling");
  // Handed to a colleague the same way; and a view of one's own finds it again.
  await worker.goto("/inbox?state=handling&category=facilities.door");
  await worker.check(`.matter:has-text("${number}") .matter-pick input`);
  await worker.selectOption("#person", { index: 1 });
  await go(worker, '#bulk button[value="assign"]');
  assert.equal((await caseOf(world, "worker", number)).acts.at(-1).act, "case.assign");
  await worker.fill('[name="name"]', "Doors");
  await go(worker, 'form[action="/inbox/views"] button');
  await worker.goto("/inbox");
  await go(worker, '.views a:has-text("Doors")');
  assert.match(await worker.innerText(".split-list"), new RegExp(number));
  assert.equal(await worker.getAttribute('.views a:has-text("Doors")', "aria-current"), "page");
  await go(worker, 'form:has([name="drop"]) button');
  assert.equal(await worker.$$eval('.views a:has-text("Doors")', (links) => links.length), 0);
}

export async function theSameReportByKeyboardAlone(world) {
  const tenant = await world.as("tenant", { lang: "en" });
  await tenant.goto("/report");
  await world.tabTo(tenant, '[name="words"]');
  await tenant.keyboard.type("The bench by the north gate is broken since Monday.");
  const next = async () => {
    await world.tabTo(tenant, NEXT);
    await Promise.all([tenant.waitForEvent("load"), tenant.keyboard.press("Enter")]);
  };
  await next();
  await next();
  await next();
  assert.match(await tenant.innerText(".toast"), /Its number is \d+-\d{4}-\d+/);

  // The desk by its keys: j moves, Enter opens, x picks.
  const worker = await world.as("worker", { lang: "en" });
  await worker.goto("/inbox");
  await worker.keyboard.press("j");
  await worker.keyboard.press("x");
  assert.match(await worker.innerText("[data-picked]"), /1 selected/);
  await worker.keyboard.press("Enter");
  await worker.waitForFunction(() => document.activeElement?.id === "pane");
  assert.match(worker.url(), /open=/);
  await worker.keyboard.press("?");
  await worker.waitForSelector("dialog[open]");
  await world.audit(worker, { headings: false });
}
