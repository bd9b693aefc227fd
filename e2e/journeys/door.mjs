// The front door: what everyone meets before anything else.

export async function theFirstPageIsReadableOnEveryDevice(world) {
  for (const options of [{ phone: true }, { lang: "en" }, { phone: true, dark: true }, { phone: true, width: 320, largeType: true }]) {
    const page = await world.visitor(options);
    await page.goto("/");
    await world.audit(page, { zoom: true });
    await world.shot(page, `door-${options.lang ?? "zh"}-${options.phone ? "phone" : "desk"}`);
  }
}

export async function largeTypeIsOneTapAwayAndRememberedWithoutScripts(world) {
  const page = await world.visitor({ phone: true, js: false, largeType: true });
  await page.goto("/login");
  if ((await page.getAttribute("html", "data-type")) !== "large") throw new Error("large type was forgotten");
}

export async function everyDemoAccountCanSignIn(world) {
  for (const role of Object.keys(world.server.accounts)) {
    const page = await world.as(role);
    await page.goto("/");
    await world.audit(page);
    await page.context().close();
  }
}
