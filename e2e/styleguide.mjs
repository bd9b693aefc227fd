// node styleguide.mjs [filter]: every page of the style guide at 390 and 1280 px, light, dark and large, in both languages,
// audited and (with E2E_SHOTS) pictured. Needs `npm ci` in web/ too.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { audit, newPage, shot, startBrowser } from "./lib/browser.mjs";

const web = join(dirname(fileURLToPath(import.meta.url)), "../web");
const { buildStyleguide, serveStyleguide } = await import(join(web, "styleguide.mjs"));
if (!existsSync(join(web, "dist/manifest.json"))) throw new Error("build web/ first");
const server = await serveStyleguide(buildStyleguide(web));
const url = `http://127.0.0.1:${server.address().port}`;
const pages = await (await fetch(`${url}/pages.json`)).json();
const filter = process.argv[2] ?? "";
const { browser, stop } = await startBrowser();
let failed = 0;
try {
  for (const path of pages.filter((path) => path.includes(filter))) {
    for (const [name, options] of Object.entries({
      "390": { phone: true },
      "1280": {},
      "390-dark": { phone: true, dark: true },
      "1280-dark": { dark: true },
      "390-large": { phone: true, large: true },
      "1280-large": { large: true },
      "768": { width: 768 },
      "320": { phone: true, width: 320 },
    })) {
      const page = await newPage(browser, { url, lang: path.includes(".en.") ? "en" : "zh", ...options });
      try {
        await page.goto(`/${path}`);
        if (options.large) await page.click('button[name="type"]');
        await shot(page, `${path.replace(".html", "")}-${name}`);
        // The catalogue repeats patterns of many pages in one: its headings and navigation landmarks are not a page's.
        await audit(page, { zoom: !path.startsWith("catalogue") });
      } catch (error) {
        failed++;
        console.error(`✗ ${path} ${name}\n  ${error.message}`);
      }
      await page.context().close();
    }
  }
} finally {
  await stop();
  server.close();
}
console.log(failed ? `${failed} failed` : "all clean");
process.exitCode = failed ? 1 : 0;
