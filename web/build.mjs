// Builds web/dist (what the program embeds) and, with --styleguide, web/.styleguide (what designers look at).
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const web = dirname(fileURLToPath(import.meta.url));
const dist = join(web, "dist");

/** `@dark { … }` in tokens.css is written once and means: the system asks for dark, or the reader chose it. */
const darkTwice = {
  name: "dark-twice",
  setup(b) {
    b.onLoad({ filter: /tokens\.css$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const block = /@dark (\{[^}]*\})/;
      if (!block.test(source)) throw new Error("tokens.css: no @dark block");
      const contents = source.replace(
        block,
        '@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) $1 }\n:root[data-theme="dark"] $1',
      );
      return { contents, loader: "css" };
    });
  },
};

export async function buildDist() {
  rmSync(dist, { recursive: true, force: true });
  await build({
    absWorkingDir: web,
    entryPoints: [
      { in: "src/css/index.css", out: "app" },
      { in: "src/app.ts", out: "app" },
    ],
    outdir: dist,
    bundle: true,
    minify: true,
    // What the built-in browsers of chat apps on cheap phones can be trusted with: cascade layers, not much newer.
    target: ["chrome99", "safari15.4", "firefox97"],
    format: "iife",
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    plugins: [darkTwice],
  });
  const squeeze = (name) => writeFileSync(join(dist, name), readFileSync(join(web, name), "utf8").replace(/<!--.*?-->|\n/g, ""));
  squeeze("icons.svg");
  squeeze("favicon.svg");
  const manifest = {};
  for (const name of ["app.css", "app.js", "favicon.svg", "icons.svg"]) {
    const bytes = readFileSync(join(dist, name));
    if (name.endsWith(".css") && /https?:/.test(bytes)) throw new Error(`${name} reaches outside`);
    manifest[name] = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  }
  writeFileSync(join(dist, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
  return manifest;
}

mkdirSync(dist, { recursive: true });
const manifest = await buildDist();
for (const [name, hash] of Object.entries(manifest)) {
  console.log(`${name.padEnd(12)} ${hash} ${String(readFileSync(join(dist, name)).length).padStart(7)} bytes`);
}
if (process.argv.includes("--styleguide")) {
  const { buildStyleguide } = await import("./styleguide.mjs");
  buildStyleguide(web);
}
