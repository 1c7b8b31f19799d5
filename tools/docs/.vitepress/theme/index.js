import { useData, withBase } from "vitepress";
import DefaultTheme from "vitepress/theme";
import { h } from "vue";
import "./style.css";

/** A link below each page to its Markdown version. */
function MarkdownLink() {
  const { page } = useData();
  const href = withBase(`/${page.value.relativePath}`);
  // "_self", because the router would treat the link as a page of the site
  return h("p", { class: "markdown-link" }, [
    h("a", { href, target: "_self" }, "This page as Markdown"),
  ]);
}

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { "doc-footer-before": () => h(MarkdownLink) }),
};
