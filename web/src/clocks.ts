// Running clocks stay true while the page is open. Durations are rounded down, as the server does.
import { enhance, meta, say } from "./lib";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
// The server's clock counts, not the phone's.
const skew = Number(meta("now")) ? Number(meta("now")) - Date.now() : 0;

export function duration(milliseconds: number): string {
  const [n, zh, en] =
    milliseconds < MINUTE ? [0, "不到 1 分钟", "less than a minute"]
    : milliseconds < HOUR ? [Math.floor(milliseconds / MINUTE), "分钟", "minute"]
    : milliseconds < DAY ? [Math.floor(milliseconds / HOUR), "小时", "hour"]
    : [Math.floor(milliseconds / DAY), "天", "day"];
  return n === 0 ? say(zh, en) : say(`${n} ${zh}`, `${n} ${en}${n === 1 ? "" : "s"}`);
}

function tick(clock: HTMLElement): void {
  const left = Number(clock.dataset.due) - (Date.now() + skew);
  if (!Number.isFinite(left)) return;
  const over = left < 0;
  const [due, overdue] = (clock.dataset.labels ?? say("还剩 {}|已超 {}", "due in {}|{} overdue")).split("|");
  const words = clock.querySelector(":scope > span");
  const text = ((over ? overdue : due) ?? "{}").replace("{}", duration(Math.abs(left)));
  if (words && words.textContent !== text) words.textContent = text;
  clock.classList.remove("s-quiet", "s-warn", "s-bad");
  clock.classList.add(over ? "s-bad" : left < Number(clock.dataset.soon ?? 2 * HOUR) ? "s-warn" : "s-quiet");
  const use = clock.querySelector("use");
  use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, over ? "#warn" : "#clock"));
}

const clocks = new Set<HTMLElement>();
enhance("[data-due]", (clock) => {
  clocks.add(clock);
  tick(clock);
});
setInterval(() => {
  for (const clock of clocks) clock.isConnected ? tick(clock) : clocks.delete(clock);
}, 15_000);
