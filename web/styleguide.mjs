// Builds web/.styleguide: the catalogue of README.md and the sample pages, in both languages. Never shipped.
// `node styleguide.mjs --serve [PORT]` builds and serves it with the CSP that the program sends.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const icon = (name) => `<svg class="icon" aria-hidden="true"><use href="/assets/icons.svg#${name}"/></svg>`;

/** `[[中文|English]]` and `@icon(name)` are all that a sample knows beyond HTML. */
const speak = (text, lang) =>
  text.replace(/\[\[([^|\]]*)\|([^\]]*)\]\]/g, lang === "zh" ? "$1" : "$2").replace(/@icon\(([\w-]+)\)/g, (_, name) => icon(name));

const tabs = (current) =>
  `<nav class="tabs" aria-label="[[主要栏目|Main]]">${[
    ["home", "home", "[[首页|Home]]", ""],
    ["matters", "inbox", "[[我的事|Mine]]", '<span class="count">2<span class="hidden-text">[[ 件等您| await you]]</span></span>'],
    ["hall", "discuss", "[[议事厅|Hall]]", ""],
    ["notices", "notice", "[[通知|Notices]]", ""],
    ["call", "phone", "[[打给居委会|Call us]]", ""],
  ]
    .map(([id, sign, words, count]) => `<a href="${id === "call" ? 'tel:000" class="is-call' : "#"}"${id === current ? ' aria-current="page"' : ""}>@icon(${sign})${words}${count}</a>`)
    .join("")}</nav>`;

const side = (current) => {
  const group = (items) =>
    `<ul>${items
      .map(([id, sign, words, n]) => `<li><a href="#"${id === current ? ' aria-current="page"' : ""}>@icon(${sign})${words}${n ? `<span class="count${id === "inbox" ? "" : " is-plain"}">${n}</span>` : ""}</a></li>`)
      .join("")}</ul>`;
  return `<nav class="side" aria-label="[[工作台|Desk]]">${group([
    ["inbox", "inbox", "[[收件箱|Inbox]]", 12],
    ["households", "people", "[[我的住户|My households]]"],
    ["visits", "calendar", "[[走访|Visits]]", 4],
    ["notices", "notice", "[[发布|Notices]]"],
  ])}<h2>[[自治|Self-government]]</h2>${group([
    ["hall", "discuss", "[[议事厅|Hall]]", 3],
    ["votes", "vote", "[[表决|Votes]]"],
    ["groups", "building", "[[楼组|Building groups]]"],
  ])}<h2>[[账与督|Books and oversight]]</h2>${group([
    ["books", "ledger", "[[公开账目|Books]]"],
    ["centre", "chart", "[[智慧中心|Centre]]"],
    ["admission", "filter", "[[事务准入|Admission]]", 1],
  ])}</nav>`;
};

function frame({ lang, place, title, tab, main = "", type = "normal", theme }, body) {
  const desk = place === "desk";
  const pref = (inner) => `<form method="post" action="/prefs" data-pref><input type="hidden" name="back" value="/">${inner}</form>`;
  return `<!doctype html>
<html lang="[[zh-CN|en]]" class="${place}" data-type="${type}"${theme ? ` data-theme="${theme}"` : ""}>
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover"><meta name="color-scheme" content="light dark">
<meta name="csrf" content="t"><meta name="account" content="sample"><title>${title} · [[邻里|Linli]]</title>
<link rel="stylesheet" href="/assets/app.css"><link rel="icon" href="/assets/favicon.svg"><script src="/assets/app.js" defer></script></head>
<body><a class="skip" href="#main">[[跳到正文|Skip to content]]</a>
<header class="top"><a class="brand" href="#">@icon(mark)<b>[[邻里|Linli]]</b><span>[[梧桐苑居委会|Wutongyuan committee]]</span></a>
<div class="tools">${desk ? `<a class="tool" href="#">@icon(search)<span class="hidden-text">[[查找|Search]]</span></a>` : ""}${pref(`<button class="tool" name="type" value="large" aria-pressed="false">@icon(large-type)[[大字|Large]]</button><button class="tool" name="lang" value="[[en|zh]]" lang="[[en|zh-CN]]" aria-label="[[EN, English|中文]]">[[EN|中文]]</button>`)}
<details class="menu"><summary class="tool">${desk ? "@icon(person)[[陈敏|Chen Min]]" : "@icon(menu)[[菜单|Menu]]"}</summary><div><p><b>${desk ? "[[陈敏|Chen Min]]" : "[[王秀兰|Wang Xiulan]]"}</b>${desk ? "[[社工 · 梧桐苑居委会|Community worker]]" : "[[梧桐苑 3号502室|3-502 Wutongyuan]]"}</p>
<a href="#">@icon(person)[[我的资料|My data]]</a>${pref(`<button name="theme" value="dark" aria-pressed="false">@icon(contrast)[[深色|Dark]]</button>`)}<hr><form method="post" action="/logout" data-forget><button>@icon(logout)[[退出|Sign out]]</button></form></div></details></div></header>
${desk ? `<div class="frame has-side">${side(tab)}` : tabs(tab)}
<main id="main" tabindex="-1"${main ? ` class="${main}"` : ""}>
${body}
</main>
${desk ? "</div>" : ""}
<footer class="foot"><ul><li><a href="#">[[指标口径|Definitions]]</a></li><li><a href="#">[[数据与隐私|Your data]]</a></li><li><a href="#">[[说说这个系统哪里不好用|What is wrong with this system?]]</a></li></ul></footer>
</body></html>`;
}

export function buildStyleguide(web) {
  const out = join(web, ".styleguide");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  cpSync(join(web, "dist"), join(out, "assets"), { recursive: true });
  const pages = [];
  const write = (name, options, body) => {
    for (const lang of ["zh", "en"]) {
      if (options.only && options.only !== lang) continue;
      writeFileSync(join(out, `${name}.${lang}.html`), speak(frame({ ...options, lang }, body), lang));
      pages.push(`${name}.${lang}.html`);
    }
  };

  const readme = readFileSync(join(web, "README.md"), "utf8");
  const parts = readme.split(/^## /m).slice(1);
  const body = parts
    .map((part) => {
      const shown = [...part.matchAll(/^```html\n([\s\S]*?)^```/gm)].map((m) => m[1].replace(/ data-focus(?=[\s>])/g, ""));
      return shown.length ? `<section class="stack"><h2>${part.split("\n", 1)[0]}</h2>${shown.join("\n")}</section>` : "";
    })
    .join("\n<hr>\n");
  const icons = [...readFileSync(join(web, "icons.svg"), "utf8").matchAll(/symbol id="([\w-]+)"/g)].map((m) => m[1]);
  const gallery = `<hr><section class="stack"><h2>Icons</h2><ul class="row">${icons.map((name) => `<li class="tag">${icon(name)}&nbsp;${name}</li>`).join("")}</ul></section>`;
  write("catalogue", { place: "desk", title: "Catalogue", tab: "inbox", only: "zh" }, `<h1>邻里的样式</h1>${body}${gallery}`);

  for (const file of readdirSync(join(web, "samples")).sort()) {
    const [head, ...rest] = readFileSync(join(web, "samples", file), "utf8").split("\n");
    write(file.replace(".html", ""), JSON.parse(head.replace(/^<!--|-->$/g, "")), rest.join("\n"));
  }
  writeFileSync(join(out, "pages.json"), JSON.stringify(pages));
  writeFileSync(join(out, "styleguide.html"), `<!doctype html><html lang="en"><meta charset="utf-8"><title>Style guide</title><link rel="stylesheet" href="/assets/app.css"><body><main><h1>Style guide</h1><ul>${pages.map((page) => `<li><a href="/${page}">${page}</a></li>`).join("")}</ul></main></body></html>`);
  console.log(`.styleguide  ${pages.length} pages`);
  return out;
}

const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".json": "application/json" };
export function serveStyleguide(out, port = 0) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://x").pathname;
    const file = join(out, path === "/" ? "styleguide.html" : path.replaceAll("..", ""));
    try {
      const bytes = readFileSync(file);
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": CSP });
      response.end(bytes);
    } catch {
      response.writeHead(request.method === "POST" ? 204 : 404).end();
    }
  });
  return new Promise((ready) => server.listen(port, "127.0.0.1", () => ready(server)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const web = dirname(fileURLToPath(import.meta.url));
  const out = buildStyleguide(web);
  if (process.argv.includes("--serve")) {
    const server = await serveStyleguide(out, Number(process.argv[process.argv.indexOf("--serve") + 1]) || 4300);
    console.log(`listening on 127.0.0.1:${server.address().port}`);
  }
}
