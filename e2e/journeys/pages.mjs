// (c) Every page once: width, language, colours and type size rotate; each is audited, and no list asks too much of the database.
import assert from "node:assert/strict";

const OPEN = ["/", "/login", "/cases", "/definitions", "/responsibilities", "/about", "/api", "/units/310113"];
const PAGES = {
  tenant: ["/", "/report", "/matters", "/cases", "/responsibilities", "/me"],
  worker: ["/inbox", "/inbox?state=handling", "/duty", "/report", "/cases", "/figures", "/figures?days=365", "/households", "/me"],
  district_dispatcher: ["/inbox", "/duty", "/figures?days=90", "/cases"],
  supervisor: ["/inbox", "/duty", "/figures"],
  department_handler: ["/inbox", "/figures"],
  group_leader: ["/", "/matters"],
  district_admin: [
    "/admin/units",
    "/admin/units?q=1",
    "/admin/posts",
    "/admin/categories",
    "/admin/responsibilities",
    "/admin/rules",
    "/admin/terms",
    "/admin/calendar",
    "/admin/letters",
  ],
};
const LOOKS = [
  { phone: true, lang: "zh" },
  { lang: "en", dark: true },
  { phone: true, lang: "en", largeType: true },
  { lang: "zh", largeType: true },
  { phone: true, width: 320, lang: "zh", dark: true },
  { width: 768, lang: "en" },
];
/** Statements: who has signed in with the versions of what is kept in memory, what awaits one (unless the page knows it
 * anyway), and what the page is about. */
const MOST = 6;

/** The page of an answer, which must not have asked more of the database. */
async function thrifty(answer, what) {
  assert.equal(answer.status(), 200, what);
  const queries = Number((await answer.headers())["x-linli-queries"]);
  assert.ok(queries > 0 && queries <= MOST, `${what}: ${queries} statements, at most ${MOST}`);
}

export async function everyPageInEveryLook(world) {
  let turn = 0;
  const seen = async (role, path) => {
    const look = LOOKS[turn++ % LOOKS.length];
    const page = role ? await world.as(role, look) : await world.visitor(look);
    await thrifty(await page.goto(path), `${role} ${path}`);
    await world.audit(page, { zoom: !look.largeType });
    await page.context().close();
  };
  for (const path of OPEN) await seen(null, path);
  for (const [role, paths] of Object.entries(PAGES)) for (const path of paths) await seen(role, path);

  // A figure opens the cases behind it; what is taken away as a table says the same.
  const dispatcher = await world.as("town_dispatcher", { lang: "en" });
  await dispatcher.goto("/figures?days=365");
  const n = Number((await dispatcher.innerText(".is-stack tbody tr:first-child td")).match(/\d+/)[0]);
  await Promise.all([dispatcher.waitForEvent("load"), dispatcher.click(".is-stack tbody tr:first-child td a")]);
  assert.match(await dispatcher.innerText(".notice"), /Opened: the cases counted/);
  await world.audit(dispatcher);
  const table = await dispatcher.evaluate(async () => (await fetch(document.querySelector("a[download]").href)).text());
  assert.equal(table.trim().split("\r\n").length, n + 1, "a row for each case that is counted");
}

/** A case for its reporter and for everybody who works on it, alone and beside the inbox. */
export async function noCaseAsksTooMuch(world) {
  const readers = { tenant: "/matters", worker: "/inbox", town_dispatcher: "/inbox", department_handler: "/inbox", property_handler: "/inbox", supervisor: "/inbox" };
  let read = 0;
  const readAll = async (role, list) => {
    const page = await world.as(role);
    await page.goto(list);
    const beside = await page.$$eval(".matter-title", (links) => links.slice(0, 12).map((link) => link.getAttribute("href")));
    const numbers = beside.map((href) => href.match(/(?:open=|\/m\/)([A-Za-z0-9-]+)/)[1]);
    const paths = [...numbers.map((number) => `/m/${number}`), ...beside].map((path) => new URL(path, page.url()).href);
    // What is kept in memory is there from the second time on.
    for (const path of paths) await page.request.get(path);
    for (const path of new Set(paths)) {
      await thrifty(await page.request.get(path), `${role} ${path}`);
      read++;
    }
    // The badge says the same beside a case, which may know it anyway, and on a page that asks for it.
    const badge = async (path) => (await page.goto(path), page.$eval('nav a[href="/inbox"]', (link) => link.textContent.trim()));
    if (list === "/inbox" && beside.length) assert.equal(await badge(beside[0]), await badge("/duty"), `${role}: the badge`);
    await page.context().close();
  };
  for (const [role, list] of Object.entries(readers)) await readAll(role, list);
  // Somebody who works at two desks.
  const admin = (path, init) => world.api("district_admin", path, { headers: { "content-type": "application/json" }, ...init });
  const second = { unit: world.account("department_handler").unit, login: world.account("worker").login, role: "handler" };
  const post = await admin("/api/v1/posts", { method: "POST", body: JSON.stringify(second) });
  assert.equal(post.status, 201);
  await readAll("worker", "/inbox");
  assert.equal((await admin(`/api/v1/posts/${(await post.json()).id}`, { method: "DELETE" })).status, 200);
  assert.ok(read > 40, `${read} pages of cases`);
}

/** An administrator writes a term where it stands; what is wrong is told there, and nothing typed is lost. */
export async function termsAreWrittenFieldByField(world) {
  const page = await world.as("district_admin", { lang: "en" });
  await page.goto("/admin/terms");
  await page.click("summary:has-text('Publish new terms')");
  await page.click("details details summary:has-text('Ordinary')");
  await page.fill('[name="c.ordinary.answer"]', "");
  await page.fill('[name="source"]', "Notice 7 of the district");
  const save = async () => {
    await page.click("main form.form button.is-main");
    await Promise.all([page.waitForEvent("load"), page.click("dialog button.is-main")]);
  };
  await save();
  assert.match(await page.innerText('[id="f-c.ordinary.answer-error"]'), /cannot be left empty: it counts for Ordinary/);
  assert.equal(await page.inputValue('[name="source"]'), "Notice 7 of the district");
  assert.equal(await page.getAttribute(".errors a", "href"), "#f-c.ordinary.answer");
  page.faults = []; // the browser notes a 422
  for (const closed of await page.$$("form details:not([open])")) await closed.evaluate((details) => (details.open = true));
  await world.audit(page, { zoom: true });
  await page.fill('[name="c.ordinary.answer"]', "6");
  await page.selectOption('[name="c.ordinary.answer.in"]', "working_days");
  await save();
  await page.waitForSelector(".toast");
  assert.match(await page.innerText(".card:has(h2:text-is('Ordinary'))"), /6 working days/);
  assert.match(await page.innerText(".title"), /Notice 7/);
  await page.goto("/admin/units?q=310113003001");
  await page.click(".lines a");
  assert.match(await page.innerText(".facts"), /Residents' committee/);
}

export async function theOpenMatterInEveryLook(world) {
  const worker = await world.as("worker");
  await worker.goto("/inbox");
  const href = await worker.getAttribute(".matter-title", "href");
  for (const look of LOOKS) {
    const page = await world.as("worker", look);
    await page.goto(href);
    for (const closed of await page.$$("#pane details:not([open])")) await closed.evaluate((details) => (details.open = true));
    await world.audit(page, { zoom: !look.largeType });
    await page.context().close();
  }
}
