// node selftest.mjs: the harness against a small stand-in for the program (development only). It must pass a good page,
// refuse bad ones, sign in, walk without scripts, and leave no process or directory behind.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { faultsOf, startBrowser } from "./lib/browser.mjs";
import { startServer } from "./lib/server.mjs";
import { World } from "./lib/world.mjs";

const self = fileURLToPath(import.meta.url);
const option = (name) => process.argv[process.argv.indexOf(name) + 1];

if (process.argv.includes("demo")) {
  if (option("--until") === "1999-01-01") {
    console.error("there is no calendar for 1999");
    process.exit(3);
  }
  mkdirSync(option("--data"), { recursive: true });
  const account = { name: "王秀兰", login: "resident", password: "p", api_token: "t", unit: "u" };
  writeFileSync(join(option("--data"), "demo-accounts.json"), JSON.stringify({ resident: account }));
} else if (process.argv.includes("serve")) {
  serveStandIn();
} else {
  selfTest();
}

function serveStandIn() {
  const dist = fileURLToPath(new URL("../web/dist/", import.meta.url));
  const received = [];
  const page = (request, body, { head = "", title = "页" } = {}) => {
    const large = /type=large/.test(request.headers.cookie ?? "");
    return `<!doctype html><html lang="zh-CN" class="resident" data-type="${large ? "large" : "normal"}"><head><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="account" content="u1">${head}<link rel="icon" href="/assets/favicon.svg">
<link rel="stylesheet" href="/assets/app.css"><script src="/assets/app.js" defer></script></head><body><header class="top"><a class="brand" href="/">邻里</a>
<form method="post" action="/prefs" data-pref><button class="tool" name="type" value="large">大字</button></form></header><main id="main">${body}</main></body></html>`;
  };
  const pages = {
    "/": () => "<h1>首页</h1><p><a href='/inbox'>收件箱</a></p>",
    "/login": () => `<h1>登录</h1><form class="form" method="post" action="/login"><div class="field"><label for="l">账号</label><input class="input" id="l" name="login"></div><div class="field"><label for="p">密码</label><input class="input" id="p" name="password" type="password"></div><button class="button is-main">登录</button></form>`,
    "/wide": () => "<h1>宽</h1><div class='table'><table><tr>" + "<td>aaaaaaaaaaaaaaaaaaaaaaaaaa</td>".repeat(80) + "</tr></table></div>",
    "/unlabelled": () => "<h1>无标签</h1><input class='input' type='text'>",
    "/inline": () => "<h1>内联</h1><p style='color:red'>x</p>",
    "/small": () => "<h1>小</h1><button>小</button>",
    "/broken": () => "<h1>坏</h1><img src='/none.png' alt=''>",
    "/report": () => `<h1>报</h1><form class="form" method="post" action="/report" data-draft="report" data-resend="/assets/manifest.json"><input type="hidden" name="idempotency_key" value="k1"><div class="field"><label for="w">什么事</label><textarea class="input" id="w" name="words" data-count="20"></textarea><p class="counter" id="w-count">20</p></div><div class="field"><label for="ph">照片</label><div class="picker" data-photos="2"><input type="file" id="ph" name="photo" accept="image/*" multiple><div class="thumbs"></div></div></div><button class="button is-main">提交</button></form>`,
    "/ask": () => `<h1>问</h1><form method="post" action="/report" data-confirm="确定？"><input type="hidden" name="words" value="asked"><button class="button">撤销</button></form>`,
    "/address": () => `<h1>址</h1><form class="form" method="post" action="/report"><div class="field"><label for="ad">搜</label><div class="combo" data-suggest="/suggest" data-into="#place"><input class="input" id="ad" autocomplete="off"></div></div><input type="hidden" id="place" name="place"><div class="field"><label for="es">小区</label><select class="input" id="es" name="estate"><option>甲</option><option>乙</option></select></div></form>`,
    "/clock": () => `<h1>钟</h1><span id="c1" class="clock s-quiet" data-due="${Date.now() + 90 * 60_000}"><svg class="icon" aria-hidden="true"><use href="/assets/icons.svg#clock"/></svg><span>?</span></span><span id="c2" class="clock s-quiet" data-due="${Date.now() - 26 * 3600_000}"><svg class="icon" aria-hidden="true"><use href="/assets/icons.svg#clock"/></svg><span>?</span></span>`,
    "/done": () => "<h1>收到</h1>",
    "/received": () => `<h1>收到的</h1><pre>${JSON.stringify(received)}</pre>`,
    "/inbox": (query) => {
      const open = query.get("open");
      const row = (n) => `<li class="matter is-unread"><label class="matter-pick"><input type="checkbox" name="pick" value="${n}" form="bulk"><span class="hidden-text">选 ${n}</span></label><a class="matter-title" href="/inbox?open=${n}"${open === String(n) ? ' aria-current="true"' : ""}>第 ${n} 件</a></li>`;
      return `<h1>收件箱</h1><div class="split${open ? " has-open" : ""}" data-inbox><section class="split-list"><ul class="matters is-narrow is-pick">${[1, 2, 3].map(row).join("")}</ul><form class="bulk" id="bulk" method="post" action="/report"><output data-picked>勾选</output><button class="button" name="move" value="sign">签收</button></form></section><article class="split-pane" id="pane" tabindex="-1">${open ? `<a class="back" href="/inbox">回到列表</a><h2>打开了 ${open}</h2>` : "<p>选一件</p>"}</article></div>`;
    },
  };
  const [host, port] = option("--listen").split(":");
  createServer(async (request, response) => {
    const url = new URL(request.url, "http://x");
    const html = { "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src blob:; connect-src 'self'; form-action 'self'" };
    if (url.pathname.startsWith("/assets/")) {
      const type = { css: "text/css", js: "text/javascript", svg: "image/svg+xml", json: "application/json" }[url.pathname.split(".").pop()];
      return response.writeHead(200, { "content-type": type }).end(readFileSync(join(dist, url.pathname.slice(8))));
    }
    if (url.pathname === "/suggest") {
      const found = [{ value: "d7", label: "甲 3号502室", note: "1200弄", fill: { estate: "乙" } }, { value: "d8", label: "甲 3号503室" }];
      return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(found));
    }
    if (request.method === "POST") {
      let body = "";
      for await (const part of request) body += part.toString("latin1");
      const to = (location, headers = {}) => response.writeHead(303, { location, ...headers }).end();
      if (url.pathname === "/login") return to("/", { "set-cookie": "session=1; Path=/" });
      if (url.pathname === "/prefs") return to("/", { "set-cookie": `type=${/large/.test(body) ? "large" : "normal"}; Path=/` });
      received.push({ words: /name="words"\r\n\r\n([^\r]*)/.exec(body)?.[1] ?? body, key: /name="idempotency_key"\r\n\r\n([^\r]*)/.exec(body)?.[1], jpeg: body.includes("image/jpeg") });
      return to("/done");
    }
    const show = pages[url.pathname];
    if (!show) return response.writeHead(404, html).end(page(request, "<h1>没有这一页</h1>"));
    response.writeHead(200, html).end(page(request, show(url.searchParams), url.pathname === "/done" ? { head: '<meta name="draft-done" content="report">' } : {}));
  }).listen(Number(port), host);
}

function selfTest() {
  let server, world, stop;
  const start = (more = {}) => startServer({ bin: process.execPath, args: [self], ...more });
  before(async () => {
    server = await start();
    const started = await startBrowser();
    stop = started.stop;
    world = new World(server, started.browser);
  });
  after(async () => {
    await stop();
    await server.stop();
    assert(!existsSync(server.dir), "the data directory is gone");
    await assert.rejects(fetch(server.url), "the server is gone");
  });

  test("a failing demo and a missing program say so", async () => {
    await assert.rejects(start({ until: "1999-01-01" }), /no calendar for 1999/);
    await assert.rejects(startServer({ bin: "/nowhere/linli" }), /no program at/);
  });
  test("an unknown role names the known ones", () => assert.throws(() => world.account("mayor"), /there are: resident/));
  test("signs in, keeps the session, audits a good page on both devices", async () => {
    for (const options of [{ phone: true }, {}, { phone: true, dark: true, largeType: true }]) {
      const page = await world.as("resident", options);
      await page.goto("/login");
      await world.audit(page, { zoom: true });
      assert((await page.context().cookies()).some(({ name }) => name === "session"));
    }
    await world.closePages();
  });
  for (const [path, fault] of Object.entries({ "/wide": /scrolls sideways/, "/unlabelled": /axe label/, "/inline": /console: .*style/, "/small": /small target/, "/broken": /404 GET/ })) {
    test(`refuses ${path}`, async () => {
      const page = await world.visitor({ phone: true });
      await page.goto(path);
      assert.match((await faultsOf(page)).join("\n"), fault);
    });
  }
  test("large type without scripts, remembered by the server", async () => {
    const page = await world.visitor({ js: false, largeType: true });
    await page.goto("/inbox");
    assert.equal(await page.getAttribute("html", "data-type"), "large");
  });
  test("large type with scripts: no new page, and remembered", async () => {
    const page = await world.visitor();
    await page.goto("/inbox");
    await page.evaluate(() => (window.same = true));
    await Promise.all([page.waitForResponse(/prefs/), world.largeType(page)]);
    assert(await page.evaluate(() => window.same));
    await page.reload();
    assert.equal(await page.getAttribute("html", "data-type"), "large");
  });
  test("inbox by keyboard alone", async () => {
    const page = await world.visitor();
    await page.goto("/inbox");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.keyboard.press("x");
    assert.equal(await page.textContent("[data-picked]"), "已选 1 件");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=打开了 2");
    assert.match(page.url(), /open=2/);
    assert.equal(await page.evaluate(() => document.activeElement.id), "pane");
    await page.keyboard.press("k");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "第 1 件");
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await world.audit(page);
    await page.keyboard.press("Escape");
    await page.goBack();
    await page.waitForSelector("text=选一件");
    await page.goto("/");
    await world.tabTo(page, 'a[href="/inbox"]');
  });
  test("a phone follows the link to the matter's own page", async () => {
    const page = await world.visitor({ phone: true });
    await page.goto("/inbox");
    await page.tap("text=第 3 件");
    await page.waitForURL(/open=3/);
    assert(!(await page.isVisible(".split-list")));
    await page.tap(".back");
    await page.waitForSelector(".split-list");
  });
  test("clocks", async () => {
    const page = await world.visitor();
    await page.goto("/clock");
    assert.equal(await page.textContent("#c1 span"), "还剩 1 小时");
    assert.equal(await page.getAttribute("#c1", "class"), "clock s-warn");
    assert.equal(await page.textContent("#c2 span"), "已超 1 天");
    assert.match(await page.getAttribute("#c2 use", "href"), /#warn$/);
  });
  test("address suggestions fill the form", async () => {
    const page = await world.visitor({ phone: true });
    await page.goto("/address");
    await page.fill("#ad", "502");
    await page.waitForSelector('[role="option"]');
    await world.audit(page);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    assert.equal(await page.inputValue("#place"), "d7");
    assert.equal(await page.inputValue("#es"), "乙");
  });
  test("asks before an act that says so, and sends it once", async () => {
    const page = await world.visitor();
    await page.goto("/ask");
    await page.click("main button");
    await page.waitForSelector("dialog[open]");
    await page.click("dialog button:has-text('取消')");
    assert.match(page.url(), /ask/);
    await page.click("main button");
    await page.click("dialog button:has-text('确定')");
    await page.waitForURL(/done/);
  });
  test("a draft comes back, photos are shrunk, an offline report is delivered later, once", async () => {
    const page = await world.visitor({ phone: true });
    await page.goto("/report");
    await page.fill("#w", "电梯很响");
    await page.waitForTimeout(600);
    await page.reload();
    assert.equal(await page.inputValue("#w"), "电梯很响");
    assert.equal(await page.textContent("#w-count"), "还可写 16 字");
    await world.audit(page);
    const png = await page.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 3000, height: 2000 });
      canvas.getContext("2d").fillRect(0, 0, 3000, 2000);
      return canvas.toDataURL("image/png").split(",")[1];
    });
    await page.setInputFiles("#ph", { name: "a.png", mimeType: "image/png", buffer: Buffer.from(png, "base64") });
    await page.waitForSelector(".thumb img");
    assert.equal(await page.evaluate(() => document.querySelector("#ph").files[0].type), "image/jpeg");
    assert.equal(await page.evaluate(() => document.querySelector(".thumb img").naturalWidth), 1600);
    await world.audit(page);

    await page.context().setOffline(true);
    await page.click("main button:has-text('提交')");
    await page.waitForSelector("#netbar >> text=有 1 件存在本机");
    assert.equal(await page.inputValue("#w"), "");
    assert.notEqual(await page.inputValue('[name="idempotency_key"]'), "k1");
    page.faults.length = 0; // the network being away is the point
    await world.audit(page);
    await page.context().setOffline(false);
    await page.waitForSelector(".toast >> text=已经送到");
    await page.goto("/received");
    const received = JSON.parse(await page.textContent("pre")).filter(({ key }) => key);
    assert.deepEqual(received, [{ words: Buffer.from("电梯很响").toString("latin1"), key: "k1", jpeg: true }]);
    await page.goto("/report");
    assert.equal(await page.inputValue("#w"), "");
  });
  test("an online report goes through the ordinary way and clears its draft", async () => {
    const page = await world.visitor();
    await page.goto("/report");
    await page.fill("#w", "灯坏了");
    await page.click("main button:has-text('提交')");
    await page.waitForURL(/done/);
    await page.goto("/report");
    assert.equal(await page.inputValue("#w"), "");
  });
}
