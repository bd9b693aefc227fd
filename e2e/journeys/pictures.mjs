// The pictures of the README, at one screen each. Taken only where E2E_SHOTS says so; without it the pages are walked all the same.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { picture, startReport, go, NEXT } from "../lib/steps.mjs";

export async function picturesForTheReadme(world) {
  const dir = process.env.E2E_SHOTS;
  if (dir) mkdirSync(dir, { recursive: true });
  const take = (page, name) => dir && page.screenshot({ path: join(dir, `${name}.png`) });

  const tenant = await world.as("tenant", { phone: true, lang: "zh" });
  await startReport(tenant, "南门岗亭旁的地砖翘起来了，昨天有位老人差点绊倒。");
  await tenant.setInputFiles('[data-photos] input[type="file"]', picture(320, 240, [150, 140, 120]));
  await tenant.waitForSelector(".thumbs img");
  await tenant.evaluate(() => scrollTo(0, 0));
  await take(tenant, "report-zh");
  await go(tenant, NEXT);
  await go(tenant, NEXT);
  await take(tenant, "preview-zh");
  await go(tenant, NEXT);
  await tenant.goto("/");
  await take(tenant, "home-zh");

  // A matter that was lived to its end, on a screen tall enough to read it.
  const resident = await world.as("resident", { phone: true, lang: "zh" });
  await resident.setViewportSize({ width: 390, height: 1300 });
  await resident.goto("/matters");
  await go(resident, ".matter-title");
  await take(resident, "story-zh");

  for (const lang of ["en", "zh"]) {
    const worker = await world.as("worker", { lang });
    await worker.goto("/inbox");
    await worker.click(".matter-title");
    await worker.waitForSelector("#pane .moves");
    await take(worker, `inbox-${lang}`);
  }
  const duty = await world.as("town_dispatcher", { lang: "en" });
  await duty.goto("/duty");
  await take(duty, "duty-en");
  const figures = await world.as("supervisor", { lang: "zh", dark: true });
  await figures.goto("/figures?days=90");
  await take(figures, "figures-zh");
}
