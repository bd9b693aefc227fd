// The desk's inbox: keys, the count of what is picked, and opening beside the list without a new page.
import { announce, button, enhance, make, say, store } from "./lib";

const WIDE = "(min-width: 1024px)";
const OFF = "linli.keys-off"; // single keys can be turned off (WCAG 2.1.4)

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");

function help(): void {
  const keys: [string, string][] = [
    ["j / ↓", say("下一件", "next")],
    ["k / ↑", say("上一件", "previous")],
    ["Enter", say("打开", "open")],
    ["x", say("选中或取消", "pick or drop")],
    ["u", say("回到列表", "back to the list")],
    ["/", say("查找", "search")],
    ["?", say("这张表", "this list")],
  ];
  const off = make("input", { type: "checkbox" });
  off.checked = store.get(OFF) !== null;
  off.addEventListener("change", () => (off.checked ? store.set(OFF, "1") : store.remove(OFF)));
  const dialog = make(
    "dialog",
    { class: "dialog", "aria-labelledby": "keys-title" },
    make("h2", { id: "keys-title" }, say("快捷键", "Keys")),
    make("dl", { class: "keys" }, ...keys.flatMap(([key, does]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, does)])),
    make("label", { class: "check" }, off, say("不用单键快捷键（? 仍可用）", "Turn single keys off (? still works)")),
  );
  dialog.append(make("div", { class: "buttons" }, button(say("关闭", "Close"), "cross", () => dialog.close())));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

enhance("[data-inbox]", (inbox) => {
  const titles = () => [...inbox.querySelectorAll<HTMLAnchorElement>(".split-list .matter-title")];
  const current = () => {
    const all = titles();
    const focused = all.findIndex((title) => title === document.activeElement || title.closest(".matter")?.contains(document.activeElement));
    return focused >= 0 ? focused : all.findIndex((title) => title.hasAttribute("aria-current"));
  };

  const picked = inbox.querySelector<HTMLOutputElement>("[data-picked]");
  const idle = picked?.textContent ?? "";
  const showPicked = () => {
    const n = inbox.querySelectorAll(".matter-pick input:checked").length;
    if (picked) picked.textContent = n ? say(`已选 ${n} 件`, `${n} selected`) : idle;
  };
  inbox.addEventListener("change", showPicked);
  showPicked();

  /** Read the page a row leads to and put its pane beside the list. */
  async function open(link: HTMLAnchorElement, focus: boolean): Promise<void> {
    const pane = inbox.querySelector("#pane");
    try {
      const answer = await fetch(link.href, { headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.getElementById("pane");
      if (!answer.ok || answer.redirected || !pane || !next) throw new Error("not an inbox page");
      pane.replaceWith(document.adoptNode(next));
      window.htmx?.process(next);
      document.title = page.title;
      for (const title of titles()) title.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      link.closest(".matter")?.classList.remove("is-unread");
      inbox.classList.add("has-open");
      history.pushState({ inbox: true }, "", link.href);
      if (focus) next.focus();
      announce(page.title);
    } catch {
      location.assign(link.href);
    }
  }
  inbox.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>(".split-list .matter-title");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (!window.matchMedia(WIDE).matches || !inbox.querySelector("#pane")) return;
    event.preventDefault();
    void open(link, event.detail === 0); // by keyboard: focus follows
  });

  document.addEventListener("keydown", (event) => {
    if (!inbox.isConnected || event.isComposing || event.metaKey || event.ctrlKey || event.altKey) return;
    if (typing(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "?") {
      event.preventDefault();
      return help();
    }
    const arrow = event.key === "ArrowDown" || event.key === "ArrowUp";
    if (arrow ? !inbox.querySelector(".split-list")?.contains(document.activeElement) : store.get(OFF) !== null) return;
    const all = titles();
    const at = current();
    const move = (to: number) => {
      all[to]?.focus();
      all[to]?.closest(".matter")?.scrollIntoView({ block: "nearest" });
    };
    switch (event.key) {
      case "j":
      case "ArrowDown":
        move(Math.min(at + 1, all.length - 1));
        break;
      case "k":
      case "ArrowUp":
        move(Math.max(at - 1, 0));
        break;
      case "x": {
        const pick = all[at]?.closest(".matter")?.querySelector<HTMLInputElement>(".matter-pick input");
        pick?.click();
        break;
      }
      case "u":
        if (all[at]) all[at]?.focus();
        else inbox.querySelector<HTMLAnchorElement>(".back")?.click();
        break;
      case "/":
        document.querySelector<HTMLInputElement>('input[type="search"]')?.focus();
        break;
      default:
        return;
    }
    event.preventDefault();
  });
  if (!history.state) history.replaceState({ inbox: true }, "");
});
window.addEventListener("popstate", (event) => {
  if ((event.state as { inbox?: boolean } | null)?.inbox) location.reload();
});
