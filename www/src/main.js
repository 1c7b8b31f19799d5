// Entry point: reads the form, explains the token and shows the result.

import { showDecision, showSettingErrors, showWaiting } from "./decision.js";
import { byId } from "./element.js";
import { errorHelp, explain } from "./explanation.js";
import { showReport } from "./report.js";
import { chooseSource, fromFragment, read, showSource, toFragment } from "./settings.js";

const form = byId("settings", HTMLFormElement);
const token = byId("token", HTMLTextAreaElement);
const decision = byId("decision", HTMLElement);
const report = byId("report", HTMLElement);
const button = byId("explain", HTMLButtonElement);

/** The number of the latest submission. Results of earlier ones are dropped. */
let latest = 0;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  latest += 1;
  const submission = latest;
  markInvalid([]);
  const request = read(new FormData(form));
  button.setAttribute("aria-busy", "true");
  showWaiting(decision);
  report.replaceChildren();
  try {
    const explanation = await explain(request.options, request.jwks, request.token);
    const help = explanation.code ? await errorHelp(explanation.code) : undefined;
    if (submission !== latest) return;
    const paste = () => {
      chooseSource(form, "jwks");
      byId("jwks", HTMLTextAreaElement).focus();
    };
    showDecision(decision, explanation);
    showReport(report, { explanation, token: request.token, help, paste });
  } catch (error) {
    if (submission !== latest) return;
    markInvalid(showSettingErrors(decision, error));
  } finally {
    if (submission === latest) button.removeAttribute("aria-busy");
  }
  // on a phone the decision is below the form
  if (decision.getBoundingClientRect().top > innerHeight / 2) decision.scrollIntoView();
});

token.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});

form.addEventListener("change", (event) => {
  if (event.target instanceof HTMLInputElement && event.target.name === "source") showSource(form);
});

byId("link", HTMLButtonElement).addEventListener("click", async () => {
  const link = new URL(location.href);
  link.hash = toFragment(new FormData(form));
  history.replaceState(undefined, "", link);
  const status = byId("link-status", HTMLElement);
  const contents = "It contains the settings, but not the token or a pasted set.";
  try {
    await navigator.clipboard.writeText(link.href);
    status.textContent = `Copied. ${contents}`;
  } catch {
    status.textContent = `The link is in the address bar. ${contents}`;
  }
});

/**
 * Marks invalid fields and focuses the first.
 *
 * @param {string[]} names of options
 */
function markInvalid(names) {
  const fields = [...form.elements];
  for (const field of fields) field.removeAttribute("aria-invalid");
  const invalid = fields.filter((field) => names.includes(field.id));
  for (const field of invalid) {
    field.setAttribute("aria-invalid", "true");
    const hidden = field.closest("details");
    if (hidden) hidden.open = true;
  }
  const [first] = invalid;
  if (first instanceof HTMLElement) first.focus();
}

/** Fills the form from the link. It fetches nothing: the user decides when to explain. */
function applyLink() {
  const { filled, ignored } = fromFragment(form, location.hash.slice(1));
  const note = byId("link-note", HTMLElement);
  note.hidden = !filled && !ignored;
  note.textContent = filled
    ? "These settings come from the link. Review them before you explain a token."
    : "";
  if (ignored) {
    note.textContent +=
      " The link contained a value that links must not contain. The page ignored it.";
    const link = new URL(location.href);
    link.hash = toFragment(new FormData(form));
    history.replaceState(undefined, "", link);
  }
}

addEventListener("hashchange", applyLink);
showSource(form);
applyLink();
