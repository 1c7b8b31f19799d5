import { useData, withBase } from "vitepress";
import DefaultTheme from "vitepress/theme";
import { h } from "vue";
import "./style.css";

/** Below each page: the same as Markdown. */
function MarkdownLink() {
  const { page } = useData();
  const href = withBase(`/${page.value.relativePath}`);
  // "_self": the router would look for a page of that name
  return h("p", { class: "markdown-link" }, [
    h("a", { href, target: "_self" }, "This page as Markdown"),
  ]);
}

export default {
  extends: DefaultTheme,
  Layout: () => h(DefaultTheme.Layout, null, { "doc-footer-before": () => h(MarkdownLink) }),
};
