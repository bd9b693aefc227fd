// Enhancements of a few lines.
import { announce, enhance, say, zh } from "./lib";

enhance("[data-focus]", (element) => element.focus());
enhance("[data-print]", (element) => element.addEventListener("click", () => window.print()));
enhance("[data-dismiss]", (element) => element.addEventListener("click", () => element.parentElement?.remove()));
enhance("[data-copy]", (element) =>
  element.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(element.dataset.copy ?? "");
      announce(say("已复制", "Copied"));
    } catch {
      announce(say("没能复制，请长按选择", "Could not copy; select it by hand"));
    }
  }),
);

// Where one is stands in sight, also in a strip that is pushed sideways.
enhance(".side [aria-current], .views [aria-current]", (here) => {
  const strip = here.closest<HTMLElement>(".side, .views");
  if (!strip || strip.scrollWidth <= strip.clientWidth) return;
  const [a, b] = [here.getBoundingClientRect(), strip.getBoundingClientRect()];
  strip.scrollLeft += a.left - b.left - (b.width - a.width) / 2;
});

// Menus close as people expect: Escape, a press elsewhere, focus gone.
enhance("details.menu", (menu) => {
  const close = () => menu.removeAttribute("open");
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.hasAttribute("open")) return;
    close();
    menu.querySelector("summary")?.focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget instanceof Node && !menu.contains(event.relatedTarget)) close();
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Node && !menu.contains(event.target)) close();
  });
});

// Read aloud, where the device has a voice of the page's language.
enhance("[data-speak]", (element) => {
  const speech = window.speechSynthesis;
  const show = () => {
    element.hidden = !speech?.getVoices().some((voice) => voice.lang.toLowerCase().startsWith(zh ? "zh" : "en"));
  };
  show();
  if (!speech) return;
  speech.addEventListener("voiceschanged", show);
  element.addEventListener("click", () => {
    if (speech.speaking) return speech.cancel();
    const words = document.querySelector<HTMLElement>(element.dataset.speak ?? "")?.innerText;
    if (!words) return;
    const utterance = new SpeechSynthesisUtterance(words);
    utterance.lang = document.documentElement.lang;
    utterance.rate = 0.9;
    speech.speak(utterance);
  });
  window.addEventListener("pagehide", () => speech.cancel());
});
