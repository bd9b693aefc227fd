// What is left of a text's length: seen at once, said to screen readers only after a pause.
import { announce, enhance, later, say } from "./lib";

enhance("[data-count]", (element) => {
  const field = element as HTMLTextAreaElement;
  const shown = document.getElementById(`${field.id}-count`);
  const limit = Number(field.dataset.count);
  if (!shown || !limit) return;
  const speak = later(() => announce(shown.textContent ?? ""), 1200);
  const show = () => {
    const left = limit - [...field.value].length;
    shown.textContent = left >= 0 ? say(`还可写 ${left} 字`, `${left} characters left`) : say(`超出 ${-left} 字`, `${-left} characters too many`);
    shown.classList.toggle("is-over", left < 0);
    if (left < limit * 0.1) speak();
  };
  field.addEventListener("input", show);
  show();
});
