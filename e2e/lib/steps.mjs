// Steps that several journeys take: a picture, a report, a move, what the API says of it.
import assert from "node:assert/strict";
import { crc32, deflateSync } from "node:zlib";

/** The one main button of a page's form. */
export const NEXT = "main form > .buttons .is-main";

/** A small PNG of one colour, as a phone's camera would give. */
export function picture(width = 64, height = 48, colour = [90, 120, 160]) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length, 0);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.from([0, ...Array.from({ length: width }, () => colour).flat()]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return { name: "lamp.png", mimeType: "image/png", buffer: Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", pixels), chunk("IEND", Buffer.alloc(0))]) };
}

/** Submit and wait for the page that answers. */
export async function go(page, selector) {
  await Promise.all([page.waitForEvent("load"), page.click(selector)]);
}

/** One move of a matter: open its form as a person would, fill it, send it. Fields by name; `true` ticks, a list of one picks a radio. */
export async function move(page, name, fill = {}) {
  const form = `form[action$="/${name}"]`;
  for (const outer of await page.$$(`details:has(${form}):not([open])`)) await outer.$eval(":scope > summary", (summary) => summary.click());
  for (const [field, value] of Object.entries(fill)) {
    const input = `${form} [name="${field}"]`;
    if (value === true) await page.check(input);
    else if (Array.isArray(value)) await page.check(`${input}[value="${value[0]}"]`);
    else if (await page.$(`${form} select[name="${field}"]`)) await page.selectOption(input, value);
    else await page.fill(input, value);
  }
  await go(page, `${form} .buttons button`);
}

/** Put the matter into the desk's pane. */
export async function atDesk(page, number) {
  await page.goto(`/inbox?open=${number}`);
}

/** What the API says of a case, from that role's seat. */
export async function caseOf(world, role, number) {
  const answer = await world.api(role, `/api/v1/cases/${number}`);
  assert.equal(answer.status, 200, `${role} reads ${number}`);
  return answer.json();
}

/** State, owner and whether it is open, in one assertion. */
export async function stands(world, role, number, state, unit) {
  const found = await caseOf(world, role, number);
  const owner = unit === undefined ? undefined : (found.owner?.name ?? null);
  assert.deepEqual({ state: found.state, owner }, { state, owner: unit });
  return found;
}

/** The form of a report to its first page, typed. Returns nothing; the page stands on step 1. */
export async function startReport(page, words) {
  await page.goto("/report");
  await page.fill('[name="words"]', words);
}

/** From step 1 through the preview to the number. */
export async function finishReport(page, category) {
  await go(page, NEXT);
  if (category) await page.selectOption('[name="category"]', category);
  await go(page, NEXT);
  await go(page, NEXT);
  return decodeURIComponent(new URL(page.url()).pathname.replace("/m/", ""));
}

/** Everything a person can read on the page. */
export const words = (page) => page.innerText("body");
