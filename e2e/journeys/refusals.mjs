// (d) and (e): who may not, and what happens to what was typed.
import assert from "node:assert/strict";
import { NEXT, finishReport, go, move, startReport, words } from "../lib/steps.mjs";

/** What each role gets where it does not belong: nobody is sent to sign in, others are told no, and the unseen does not exist. */
export async function othersAreRefused(world) {
  const tenant = await world.as("tenant", { lang: "zh" });
  await startReport(tenant, "楼上每天夜里十一点以后还在装修，影响睡觉。");
  await go(tenant, NEXT);
  await tenant.check('[name="private"]');
  await go(tenant, NEXT);
  assert.match(await tenant.innerText(".preview"), /只有办理人员/);
  await go(tenant, NEXT);
  const number = new URL(tenant.url()).pathname.replace("/m/", "");
  const expected = {
    visitor: { "/inbox": "/login", "/duty": "/login", "/figures": "/login", "/report": "/login", "/matters": "/login", "/cases": 200, "/definitions": 200 },
    resident: { "/inbox": 403, "/duty": 403, "/figures": 403, "/report": 200, "/matters": 200 },
    department_handler: { "/inbox": 200, "/report": 200, "/figures": 200 },
    supervisor: { "/inbox": 200, "/duty": 200, "/figures": 200 },
  };
  // Whether a number exists is not told to a visitor: both ask to sign in.
  expected.visitor[`/m/${number}`] = expected.visitor["/m/310113003001-2020-999"] = "/login";
  expected.resident["/m/310113003001-2020-999"] = 404;
  expected.resident[`/m/${number}`] = 404;
  expected.department_handler[`/m/${number}`] = 404;
  expected.supervisor[`/m/${number}`] = 200;
  for (const [role, paths] of Object.entries(expected)) {
    const page = role === "visitor" ? await world.visitor() : await world.as(role);
    for (const [path, wanted] of Object.entries(paths)) {
      const answer = await page.goto(path);
      if (typeof wanted === "string") assert.equal(new URL(page.url()).pathname, wanted, `${role} ${path}`);
      else assert.equal(answer.status(), wanted, `${role} ${path}`);
      page.faults = [];
      if (wanted === 403 || wanted === 404) await world.audit(page);
    }
  }
  // A move from a seat that does not have it is refused, not hidden in a form.
  const stranger = await world.as("resident");
  await stranger.goto("/");
  const status = await stranger.evaluate(async (path) => (await fetch(path, { method: "POST", body: new URLSearchParams({ words: "x" }), redirect: "manual" })).status, `/m/${number}/sign`);
  assert.equal(status, 404);
}

export async function badInputKeepsWhatWasTyped(world) {
  const tenant = await world.as("tenant", { phone: true, lang: "zh" });
  await tenant.goto("/report");
  await tenant.fill('[name="words"]', "坏");
  await tenant.fill('[name="place_text"]', "三楼拐角");
  await go(tenant, NEXT);
  assert.match(await tenant.title(), /^出错：/);
  assert.equal(await tenant.inputValue('[name="words"]'), "坏");
  assert.equal(await tenant.inputValue('[name="place_text"]'), "三楼拐角");
  assert.equal(await tenant.evaluate(() => document.activeElement?.classList.contains("errors")), true);
  assert.equal(await tenant.getAttribute('[name="words"]', "aria-invalid"), "true");
  assert.match(await tenant.innerText(".errors a"), /^发生了什么：/, "the list names the field");
  await tenant.click(".errors a");
  assert.equal(await tenant.evaluate(() => document.activeElement?.getAttribute("name")), "words");
  tenant.faults = []; // the browser notes a 422
  await world.audit(tenant, { zoom: true });

  // More than any form takes: the browser, which is still sending, hears that it is too large.
  const tooMuch = await tenant.evaluate(async () => {
    const form = new FormData();
    form.append("files", new Blob([new Uint8Array(40 << 20)]), "large.jpg");
    return (await fetch("/report", { method: "POST", body: form })).status;
  });
  assert.equal(tooMuch, 413);
  tenant.faults = []; // the browser notes a 413

  await tenant.fill('[name="words"]', "路灯坏了，晚上看不见。");
  const number = await finishReport(tenant, "traffic.street_light");
  const worker = await world.as("worker", { lang: "en" });
  await worker.goto(`/inbox?open=${number}`);
  await move(worker, "answer", { words: "Too short", outcome: ["explained"] });
  assert.equal(await worker.inputValue('form[action$="/answer"] [name="words"]'), "Too short");
  assert.equal(await worker.isChecked('form[action$="/answer"] [value="explained"]'), true);
  assert.match(await worker.title(), /^Error: /);
  assert.ok(await worker.$("#pane .has-error"), "the error stands at its field, beside the list");
  worker.faults = [];
  await world.audit(worker);

  const visitor = await world.visitor({ lang: "en" });
  await visitor.goto("/login?back=/matters");
  await visitor.fill('[name="login"]', "nobody");
  await visitor.fill('[name="password"]', "wrong");
  await go(visitor, "main form button");
  assert.equal(await visitor.inputValue('[name="login"]'), "nobody");
  assert.equal(await visitor.inputValue('[name="password"]'), "");
  assert.match(await visitor.innerText(".errors"), /^1 thing to correct first/);
  visitor.faults = [];
  await world.audit(visitor);
}
