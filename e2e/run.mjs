// node run.mjs [filter]: lives a small demo district, serves it, and walks through it in a browser.
// A journey is a function exported from journeys/*.mjs; its name, with words between capitals, is its title. The filter picks by file or title.
// Environment: LINLI_BIN, CHROMIUM, E2E_SHOTS (directory for pictures), E2E_SCALE, E2E_UNTIL, E2E_DATABASE.
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, afterEach, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { startBrowser } from "./lib/browser.mjs";
import { startServer } from "./lib/server.mjs";
import { World } from "./lib/world.mjs";

const folder = join(dirname(fileURLToPath(import.meta.url)), "journeys");
const filter = (process.argv[2] ?? "").toLowerCase();

const journeys = [];
for (const file of readdirSync(folder).filter((name) => name.endsWith(".mjs")).sort()) {
  const found = await import(pathToFileURL(join(folder, file)));
  for (const [name, walk] of Object.entries(found)) {
    const title = `${file.replace(".mjs", "")}: ${name.replace(/([A-Z])/g, " $1").toLowerCase()}`;
    if (typeof walk === "function" && title.includes(filter)) journeys.push([title, walk]);
  }
}
if (!journeys.length) {
  console.error(`no journey matches "${filter}"`);
  process.exit(1);
}

const server = await startServer();
const { browser, stop } = await startBrowser().catch(async (error) => {
  await server.stop();
  throw error;
});
const world = new World(server, browser);
afterEach(() => world.closePages());
after(async () => {
  await stop();
  await server.stop();
  if (process.exitCode) console.error(`the last words of the server:\n${server.log()}`);
});
for (const [title, walk] of journeys) test(title, { timeout: 300_000 }, () => walk(world));
