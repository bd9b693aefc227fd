// Large type and theme switch at once; the same form, posted in the background, lets the server remember.
import { actionOf, enhance } from "./lib";

const root = document.documentElement;
const isLarge = () => root.dataset.type === "large";
const isDark = () =>
  root.dataset.theme ? root.dataset.theme === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;

/** Every button of the page says what is on, and asks for the opposite. */
function refresh(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("form[data-pref] button")) {
    if (button.name === "type") {
      button.value = isLarge() ? "normal" : "large";
      button.setAttribute("aria-pressed", String(isLarge()));
    } else if (button.name === "theme") {
      button.value = isDark() ? "light" : "dark";
      button.setAttribute("aria-pressed", String(isDark()));
    }
  }
}

enhance("form[data-pref]", (form) => {
  refresh();
  form.addEventListener("submit", (event) => {
    const button = event.submitter as HTMLButtonElement | null;
    if (!button || (button.name !== "type" && button.name !== "theme")) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form as HTMLFormElement) as unknown as Record<string, string>);
    body.set(button.name, button.value);
    root.dataset[button.name] = button.value;
    refresh();
    void fetch(actionOf(form as HTMLFormElement), { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => {
      /* the page has switched; only the memory of it is lost */
    });
  });
});
