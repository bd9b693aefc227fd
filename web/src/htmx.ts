import htmx from "htmx.org";
import { meta } from "./lib";

declare global {
  interface Window {
    htmx?: typeof htmx;
  }
}

// Requests of htmx carry the token that forms carry in a hidden field.
document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = (event as CustomEvent<{ ctx: { request: { headers: Record<string, string> } } }>).detail;
  const token = meta("csrf");
  if (token) ctx.request.headers["x-csrf"] = token;
});
window.htmx = htmx;
