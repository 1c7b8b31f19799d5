// The page: what the form asks for is explained, and shown.

import { showDecision, showFaults, showWaiting } from "./decision.js";
import { byId } from "./element.js";
import { advice, explain } from "./explanation.js";
import { showReport } from "./report.js";
import { choose, fromFragment, read, showSource, toFragment } from "./settings.js";

const form = byId("settings", HTMLFormElement);
const token = byId("token", HTMLTextAreaElement);
const decision = byId("decision", HTMLElement);
const report = byId("report", HTMLElement);
const button = byId("explain", HTMLButtonElement);

/** Only the last question counts. */
let asked = 0;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  asked += 1;
  const question = asked;
  mark([]);
  const request = read(new FormData(form));
  button.setAttribute("aria-busy", "true");
  showWaiting(decision);
  report.replaceChildren();
  try {
    const explanation = await explain(request.options, request.jwks, request.token);
    const advised = explanation.code ? await advice(explanation.code) : undefined;
    if (question !== asked) return;
    const paste = () => {
      choose(form, "jwks");
      byId("jwks", HTMLTextAreaElement).focus();
    };
    showDecision(decision, explanation);
    showReport(report, { explanation, token: request.token, advice: advised, paste });
  } catch (error) {
    if (question !== asked) return;
    mark(showFaults(decision, error));
  } finally {
    if (question === asked) button.removeAttribute("aria-busy");
  }
  // on a phone it is below the form
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
  const what = "It holds the settings, neither the token nor a pasted set.";
  try {
    await navigator.clipboard.writeText(link.href);
    status.textContent = `Copied. ${what}`;
  } catch {
    status.textContent = `The link is in the address bar. ${what}`;
  }
});

/**
 * Marks the fields that cannot be used, and goes to the first.
 *
 * @param {string[]} names of options
 */
function mark(names) {
  const fields = [...form.elements];
  for (const field of fields) field.removeAttribute("aria-invalid");
  const wrong = fields.filter((field) => names.includes(field.id));
  for (const field of wrong) {
    field.setAttribute("aria-invalid", "true");
    const hidden = field.closest("details");
    if (hidden) hidden.open = true;
  }
  const [first] = wrong;
  if (first instanceof HTMLElement) first.focus();
}

/** A link fills the form and does nothing else: whoever opened it decides what is fetched. */
function follow() {
  const { filled, refused } = fromFragment(form, location.hash.slice(1));
  const note = byId("link-note", HTMLElement);
  note.hidden = !filled && !refused;
  note.textContent = filled
    ? "These settings come from the link. Look at them before you explain a token."
    : "";
  if (refused) {
    note.textContent += " The link carried something that no link may; it was ignored.";
    const link = new URL(location.href);
    link.hash = toFragment(new FormData(form));
    history.replaceState(undefined, "", link);
  }
}

addEventListener("hashchange", follow);
showSource(form);
follow();
