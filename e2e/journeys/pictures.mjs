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
  await take(tenant, "resident-report-zh");
  await go(tenant, NEXT);
  await go(tenant, NEXT);
  await take(tenant, "resident-preview-zh");
  await go(tenant, NEXT);
  await take(tenant, "resident-story-zh");
  await tenant.goto("/");
  await take(tenant, "resident-home-zh");

  for (const lang of ["en", "zh"]) {
    const worker = await world.as("worker", { lang });
    await worker.goto("/inbox");
    await worker.click(".matter-title");
    await worker.waitForSelector("#pane .moves");
    await take(worker, `desk-inbox-${lang}`);
  }
  const duty = await world.as("town_dispatcher", { lang: "en" });
  await duty.goto("/duty");
  await take(duty, "desk-duty-en");
  const figures = await world.as("supervisor", { lang: "zh", dark: true });
  await figures.goto("/figures?days=90");
  await take(figures, "desk-figures-zh-dark");
}
