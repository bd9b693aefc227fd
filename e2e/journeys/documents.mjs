// What is printed in docs/api.md is what happens: each command is run in one shell, in order, and what it says is compared.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

export async function theLoopOfTheApiGuide(world) {
  const blocks = [...readFileSync(join(root, "docs/api.md"), "utf8").matchAll(/```(sh|json|text)\n([\s\S]*?)```/g)];
  const steps = [];
  for (const [, kind, words] of blocks) {
    if (kind === "sh") steps.push({ run: words, says: "" });
    else if (steps.length) steps.at(-1).says += words;
  }
  assert.ok(steps.length >= 8, "the guide has commands");
  const between = "= = =";
  const script = steps.map((step) => `${step.run}\necho '${between}'`).join("\n");
  const said = execFileSync("bash", ["-eu", "-c", script], {
    encoding: "utf8",
    timeout: 60_000,
    env: {
      ...process.env,
      LINLI: world.server.url,
      TENANT: world.account("tenant").api_token,
      WORKER: world.account("worker").api_token,
      NO_PROXY: "127.0.0.1",
    },
  }).split(`${between}\n`);
  steps.forEach((step, i) => assert.equal(said[i], step.says, step.run));
}

export async function everyOperationStandsOnTheApiPage(world) {
  const visitor = await world.visitor({ phone: true, lang: "en" });
  const { paths } = await (await fetch(`${world.server.url}/api/v1/openapi.json`)).json();
  await visitor.goto("/");
  await visitor.click('.foot a[href="/api"]');
  await visitor.waitForSelector("h1");
  const shown = await visitor.$$eval("details.move[id] > summary", (all) => all.map((s) => s.querySelector(".tag")?.textContent + " " + s.querySelector("code").textContent));
  for (const [path, item] of Object.entries(paths)) {
    for (const method of Object.keys(item)) assert.ok(shown.includes(`${method.toUpperCase()} ${path}`), `${method} ${path}`);
  }
  assert.match(await visitor.innerText("#case_return"), /Return/);
  await visitor.$$eval("main details", (all) => all.forEach((details) => (details.open = true)));
  assert.match(await visitor.innerText("#case_return"), /not_ours \| wrong_place/);
  await world.audit(visitor, { zoom: true });
}
