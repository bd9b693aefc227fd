import { chromium } from "playwright-core";
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
const [role, ...rest] = process.argv.slice(2);
for (const [lang, w] of [["zh", 390], ["en", 1280]]) {
  const c = await b.newContext({ viewport: { width: w, height: 900 }, locale: lang === "zh" ? "zh-CN" : "en-GB" });
  const p = await c.newPage();
  await p.goto("http://127.0.0.1:8791/login");
  await p.fill('[name="login"]', role); await p.fill('[name="password"]', "linli-demo");
  await Promise.all([p.waitForURL((u) => !u.pathname.startsWith("/login")), p.click('main form button:not([type="button"])')]);
  await c.addCookies([{ name: "linli_prefs", value: `lang=${lang}`, url: "http://127.0.0.1:8791" }]).catch(() => {});
  for (const r of rest) {
    const [path, name, act] = r.split("|");
    await p.goto("http://127.0.0.1:8791" + path);
    if (act) await p.evaluate(act);
    await p.waitForTimeout(200);
    await p.screenshot({ path: `/tmp/shot-${name}-${lang}-${w}.png`, fullPage: true });
    console.log(name, lang, w, await p.evaluate(() => document.documentElement.scrollWidth));
  }
}
await b.close();
