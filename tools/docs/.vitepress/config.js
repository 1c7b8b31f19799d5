// The documentation site. `cargo xtask docs` copies the pages into `pages/`, writes their list to
// target/docs/site.json, and builds.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const work = at("../../../target/docs");
const site = JSON.parse(readFileSync(`${work}/site.json`, "utf8"));

/** The anchor of a heading, by GitHub's rule, which `cargo xtask docs` uses to check links. */
function slugify(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{Alphabetic}\p{Number} _-]/gu, "")
    .replaceAll(" ", "-");
}

/**
 * Converts a `<picture>` with a variant for dark mode to two images, because a media query does not
 * know the color mode that the reader has chosen on the site.
 */
function pictures(md) {
  const html = md.renderer.rules.html_block;
  md.renderer.rules.html_block = (tokens, index, ...rest) => {
    tokens[index].content = tokens[index].content.replace(
      /<picture>\s*<source [^>]*srcset="([^"]+)"[^>]*>\s*<img src="([^"]+)"([^>]*)>\s*<\/picture>/g,
      '<img class="light-only" src="$2"$3><img class="dark-only" src="$1"$3>',
    );
    return html(tokens, index, ...rest);
  };
}

export default defineConfig({
  title: site.title,
  description: site.description,
  lang: "en",
  base: process.env.DOCS_BASE ?? "/",
  srcDir: at("../pages"),
  outDir: `${work}/site`,
  cacheDir: `${work}/cache`,
  // the pages are not committed; their sources are
  lastUpdated: false,
  markdown: {
    anchor: { slugify },
    toc: { slugify },
    config: pictures,
    theme: { light: "github-light-high-contrast", dark: "github-dark" },
  },
  vite: { logLevel: "warn", build: { chunkSizeWarningLimit: 2000 } },
  transformPageData(page, { siteConfig }) {
    const { base } = siteConfig.site;
    page.frontmatter.head ??= [];
    page.frontmatter.head.push([
      "link",
      { rel: "alternate", type: "text/markdown", href: base + page.relativePath },
    ]);
    if (site.sources[page.relativePath] === null) page.frontmatter.editLink = false;
  },
  themeConfig: {
    nav: site.sidebar.map(({ text, items }) => ({
      text,
      link: items[0].link ?? items[0].items[0].link,
      activeMatch: `^/${items[0].link.split("/")[1]}/`,
    })),
    sidebar: site.sidebar,
    outline: [2, 3],
    search: { provider: "local" },
    docFooter: { prev: "Previous", next: "Next" },
    ...(site.repository && {
      socialLinks: [{ icon: "github", link: site.repository }],
      editLink: {
        pattern: ({ filePath }) => `${site.repository}/edit/main/${site.sources[filePath]}`,
        text: "Edit this page",
      },
    }),
    sources: site.sources,
    repository: site.repository,
  },
});
