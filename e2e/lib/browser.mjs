// The browser: one process per run, one context per person and device, and the audit that each page must pass.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
export const PHONE = { width: 390, height: 844 };
export const DESK = { width: 1280, height: 800 };

export async function startBrowser() {
  const profile = mkdtempSync(join(tmpdir(), "linli-chromium-"));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
    ],
    env: { ...process.env, HOME: profile, XDG_CONFIG_HOME: profile, XDG_CACHE_HOME: profile },
  });
  return {
    browser,
    async stop() {
      await browser.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/**
 * A page on one device. `phone` (390 px) or desk (1280 px), `lang` zh | en, `dark`, `js: false`, `reduced` motion.
 * What goes wrong in it (console, scripts, requests) is kept on `page.faults` and fails the next audit.
 */
export async function newPage(browser, { url, phone = false, width, lang = "zh", dark = false, js = true, storageState, permissions } = {}) {
  const size = phone ? PHONE : DESK;
  const context = await browser.newContext({
    baseURL: url,
    viewport: width ? { width, height: size.height } : size,
    hasTouch: phone,
    isMobile: phone,
    locale: lang === "zh" ? "zh-CN" : "en-GB",
    timezoneId: "Asia/Shanghai",
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
    javaScriptEnabled: js,
    storageState,
    permissions,
  });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  page.faults = [];
  page.on("console", (message) => message.type() === "error" && page.faults.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => page.faults.push(`script: ${error.message}`));
  page.on("response", (response) => {
    const request = response.request();
    if (response.status() >= 400 && !request.isNavigationRequest()) page.faults.push(`${response.status()} ${request.method()} ${response.url()}`);
  });
  return page;
}

/** All that is wrong with the page as it stands, as lines; empty when it is fine. */
export async function faultsOf(page, { targets = true, headings = true } = {}) {
  const faults = page.faults.splice(0);
  faults.push(
    ...(await page.evaluate(
      ({ targets, headings }) => {
        const faults = [];
        const root = document.scrollingElement;
        if (root.scrollWidth > root.clientWidth) {
          const wide = [...document.body.querySelectorAll("*")].filter((e) => {
            const box = e.getBoundingClientRect();
            if (!box.width || box.right <= root.clientWidth + 1 || e.closest(".hidden-text") || !e.checkVisibility()) return false;
            for (let p = e.parentElement; p && p !== document.body; p = p.parentElement) if (getComputedStyle(p).overflowX !== "visible") return false;
            return true;
          });
          const name = (e) => `${e.tagName.toLowerCase()}.${e.getAttribute("class") ?? ""}`;
          faults.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}; ${wide.slice(0, 3).map(name).join(", ")}`);
        }
        if (headings && document.querySelectorAll("h1").length !== 1) faults.push(`${document.querySelectorAll("h1").length} h1`);
        if (targets) {
          for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
            if (!e.checkVisibility({ visibilityProperty: true }) || e.closest(".skip") || e.disabled) continue;
            if (getComputedStyle(e).display === "inline") continue; // a link within a sentence
            const held = e.matches("[type=checkbox], [type=radio]") ? (e.closest("label") ?? e) : e;
            const around = held.matches(".matter-title") ? held.closest(".matter") : held; // the whole row is the target
            const box = around.getBoundingClientRect();
            if (!box.width || (box.height >= 43.5 && box.width >= 43.5)) continue;
            if (around.matches("a") && box.height >= 43.5) continue; // a short word is as wide as it is
            faults.push(`small target ${Math.round(box.width)}×${Math.round(box.height)}: ${e.outerHTML.slice(0, 90)}`);
          }
        }
        return faults;
      },
      { targets, headings },
    )),
  );
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, help, nodes } of found.violations) {
    faults.push(`axe ${id}: ${help}\n${nodes.slice(0, 3).map((node) => `    ${node.target.join(" ")}  ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ""}`).join("\n")}`);
  }
  return faults;
}

/** Zero axe violations, a quiet console, nothing that scrolls sideways, targets of 44 px, one h1; with `zoom`, also at 200 % text. */
export async function audit(page, options = {}) {
  const faults = await faultsOf(page, options);
  if (options.zoom) {
    await page.evaluate(() => (document.documentElement.style.fontSize = `${parseFloat(getComputedStyle(document.documentElement).fontSize) * 2}px`));
    faults.push(...(await faultsOf(page, { ...options, targets: false })).map((fault) => `at 200 %: ${fault}`));
    await page.evaluate(() => document.documentElement.style.removeProperty("font-size"));
  }
  if (faults.length) throw new Error(`${page.url()}\n  ${faults.join("\n  ")}`);
}

let shots = 0;
/** A picture of the whole page into E2E_SHOTS (or `dir`); does nothing if neither is given. */
export async function shot(page, name, dir = process.env.E2E_SHOTS) {
  if (!dir) return;
  mkdirSync(dir, { recursive: true });
  await page.screenshot({ path: join(dir, `${String(++shots).padStart(3, "0")}-${name}.png`), fullPage: true });
}
