// What a journey is given: the running district, and people who open it in a browser.
import { audit, newPage, shot } from "./browser.mjs";

export class World {
  #states = new Map();
  #pages = [];
  constructor(server, browser) {
    this.server = server;
    this.browser = browser;
    this.audit = audit;
    this.shot = shot;
  }

  account(role) {
    const account = this.server.accounts[role];
    if (!account) throw new Error(`no demo account "${role}"; there are: ${Object.keys(this.server.accounts).join(", ")}`);
    return account;
  }

  /** A page that nobody has signed in to. Options: phone, width, lang, dark, js, largeType. */
  async visitor(options = {}) {
    const page = await newPage(this.browser, { url: this.server.url, ...options });
    this.#pages.push(page);
    if (options.largeType) {
      await page.goto("/");
      await this.largeType(page);
    }
    return page;
  }

  /** Sign in through the form, as a person does. */
  async login(page, role) {
    const { login, password } = this.account(role);
    await page.goto("/login");
    await page.fill('[name="login"]', login);
    await page.fill('[name="password"]', password);
    await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/login")), page.click('main form button:not([type="button"])')]);
  }

  /** A page signed in as that role; the session is made once per role and reused. */
  async as(role, options = {}) {
    if (!this.#states.has(role)) {
      const page = await newPage(this.browser, { url: this.server.url });
      await this.login(page, role);
      this.#states.set(role, await page.context().storageState());
      await page.context().close();
    }
    // The stored session brings the preferences of the account; this device speaks the language it was asked for.
    const { cookies, origins } = this.#states.get(role);
    const storageState = { cookies: cookies.filter((cookie) => cookie.name !== "linli_prefs"), origins };
    return this.visitor({ ...options, storageState });
  }

  /** One tap, as on every page; works without scripts too. */
  async largeType(page) {
    await page.click('form[data-pref] button[name="type"][value="large"]');
    await page.waitForSelector('html[data-type="large"]');
  }

  /** Tab until `selector` has the focus: a journey by keyboard alone. */
  async tabTo(page, selector, most = 80) {
    for (let i = 0; i < most; i++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((selector) => document.activeElement?.matches(selector), selector)) return;
    }
    throw new Error(`${most} presses of Tab do not reach ${selector} on ${page.url()}`);
  }

  /** The same address as the API sees it. */
  api(role, path, init = {}) {
    return fetch(new URL(path, this.server.url), { ...init, headers: { authorization: `Bearer ${this.account(role).api_token}`, ...init.headers } });
  }

  async closePages() {
    for (const page of this.#pages.splice(0)) await page.context().close();
  }
}
