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
/** Statements: who has signed in, the versions of what is kept in memory, what awaits one (unless the page knows it anyway),
 * and what the page is about. One's own record gathers homes, sessions, tokens, consents and who looked. */
const MOST = { "/me": 11 };

export async function everyPageInEveryLook(world) {
  let turn = 0;
  const seen = async (role, path) => {
    const look = LOOKS[turn++ % LOOKS.length];
    const page = role ? await world.as(role, look) : await world.visitor(look);
    const answer = await page.goto(path);
    assert.equal(answer.status(), 200, `${role} ${path}`);
    const queries = Number((await answer.allHeaders())["x-linli-queries"]);
    const most = MOST[path.split("?")[0]] ?? 6;
    assert.ok(queries > 0 && queries <= most, `${role} ${path}: ${queries} statements, at most ${most}`);
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
