// (f) What is written without a network is kept on the device and sent once when the network is back.
import assert from "node:assert/strict";
import { NEXT, startReport } from "../lib/steps.mjs";

const WORDS = "地下室的排水泵不转了，水位在涨。";

async function mine(world) {
  const page = await world.as("tenant", { lang: "zh" });
  await page.goto("/matters");
  return page.$$eval(".matter-title", (titles, words) => titles.filter((t) => t.textContent.includes(words)).length, WORDS.slice(0, 10));
}

export async function offlineReportIsSentOnce(world) {
  const tenant = await world.as("tenant", { phone: true, lang: "zh" });
  await startReport(tenant, WORDS);
  await tenant.context().setOffline(true);
  await tenant.click(NEXT);
  await tenant.waitForSelector("#netbar:has-text('1 件存在本机')");
  assert.equal(await tenant.inputValue('[name="words"]'), "", "what was kept leaves the form");
  await tenant.context().setOffline(false);
  await tenant.evaluate(() => window.dispatchEvent(new Event("online")));
  await tenant.waitForSelector(".toast:has-text('已经送到')");
  tenant.faults = []; // the failed tries while there was no network
  assert.equal(await mine(world), 1);
  await tenant.reload();
  await tenant.waitForTimeout(300);
  assert.equal(await mine(world), 1, "it is not sent a second time");
  // Nobody has seen the preview, so only those who handle it may read it.
  await tenant.goto("/matters");
  await tenant.click(`.matter-title:has-text("${WORDS.slice(0, 8)}")`);
  await tenant.waitForSelector(".chip:has-text('只有办理人员可见')");
}

export async function aDraftComesBackAndGoesWhenSent(world) {
  const tenant = await world.as("tenant", { phone: true, lang: "zh" });
  await startReport(tenant, "北门的地砖翘起来了，老人容易绊倒。");
  await tenant.waitForTimeout(600);
  await tenant.goto("/report");
  await tenant.waitForSelector(".draftbar");
  assert.match(await tenant.inputValue('[name="words"]'), /地砖翘起来/);
  await world.audit(tenant);
  for (let step = 0; step < 3; step++) await Promise.all([tenant.waitForEvent("load"), tenant.click(NEXT)]);
  await tenant.waitForSelector(".toast");
  await tenant.goto("/report");
  assert.equal(await tenant.inputValue('[name="words"]'), "");
}
