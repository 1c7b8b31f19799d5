/** Are the settings good, and are there keys to verify with? */
import { explain } from "../explanations.ts";
import { type Fetched, fetchKeySet } from "../jwks.ts";
import { keyUrlWarning } from "../key-set.ts";
import { printable } from "../terminal.ts";
import { duration } from "../times.ts";
import { checkClock } from "./clock.ts";
import { type Answer, type Deployment, readObject } from "./deployment.ts";
import { type Finding, findings } from "./finding.ts";

/** What the health says, and whether it makes sense to look further. */
export interface Health {
  findings: Finding[];
  /** How many keys the edge has to verify with. */
  keys: number;
  goesOn: boolean;
}

export async function checkHealth(deployment: Deployment): Promise<Health> {
  const answer = await deployment.health();
  const health = readObject(answer.text);
  const { ok, warning, failure } = findings("settings");
  const stop = (finding: Finding): Health => ({ findings: [finding], keys: 0, goesOn: false });

  if (health.status === "misconfigured") {
    const { cure } = explain("misconfigured") ?? {};
    return stop(
      failure("a setting is missing, misspelt or cannot be used; the log says which", cure),
    );
  }
  if (health.status !== "ok" && health.status !== "keys_unavailable") {
    return stop(failure(`no better-auth-edge answers there: ${what(answer)}`, whoAnswers(answer)));
  }
  const settings: Finding[] = [ok("all settings could be read"), ...rulesFindings(health)];
  if (!isPrivate(deployment.origin)) {
    const cure = "Use https: tokens go over the wire, and so do the answers.";
    settings.push(warning("the URL begins with http, and not on this machine", cure));
  }
  if (answer.headers.has("age") || answer.headers.get("cf-cache-status") === "HIT") {
    const cure = "Leave [cache] in wrangler.toml off, and take cache rules off the Worker's route.";
    settings.push(failure("a cache answers before the edge is asked who is calling", cure));
  }
  const keys = typeof health.keys === "number" ? health.keys : 0;
  return { findings: [...settings, keysFinding(health, keys)], keys, goesOn: true };
}

/** How many rules there are, if the edge says so: a deployment that lost them is otherwise as healthy. */
function rulesFindings({ rules, isolating_rules: isolating }: Record<string, unknown>): Finding[] {
  const { ok, warning } = findings("settings");
  if (typeof rules !== "number" || typeof isolating !== "number") return [];
  const text = `${rules} ${rules === 1 ? "rule" : "rules"}, ${isolating} of which ${isolating === 1 ? "isolates" : "isolate"} users`;
  if (isolating > 0) return [ok(text)];
  const cure =
    "Any user's token is enough for every path. Write a rule with a match in ROUTES; environments of wrangler do not inherit [vars].";
  return [warning(text, cure)];
}

function keysFinding(health: Record<string, unknown>, keys: number): Finding {
  const { ok, warning, failure } = findings("keys");
  const { issuers, issuers_with_keys: served, keys_age: age } = health;
  if (health.status === "keys_unavailable") {
    const of = typeof issuers === "number" ? ` for ${served} of ${issuers} issuers only` : "";
    const { cure } = explain("keys_unavailable") ?? {};
    return of === ""
      ? failure("the edge has no key to verify with: nobody gets in", cure)
      : failure(`the edge has keys${of}`, cure);
  }
  const old = typeof age === "number" ? `, asked for ${duration(age)} ago` : "";
  const text = `${keys} ${keys === 1 ? "key" : "keys"} to verify with${old}`;
  if (typeof age === "number" && age > STALE) {
    const why = "nobody has needed them since, or the auth server fails";
    return warning(`${text}: ${why}`, "--base-url asks it. Keys are kept for a day.");
  }
  return ok(text);
}

/** Seconds; far more than a set is used without asking again. */
const STALE = 3600;

/** Holds what the auth server publishes, and its clock, against what the edge has. */
export async function checkAuthServer(url: URL, known: number): Promise<Finding[]> {
  const fetched = await fetchKeySet(url);
  const exposed = await keyUrlWarning(url);
  const cure = "Name Better Auth by https in BETTER_AUTH_URL and JWKS_URL.";
  const way = exposed === undefined ? [] : [findings("keys").warning(exposed, cure)];
  const clock = fetched.answer ? [checkClock([fetched.answer], "the auth server")] : [];
  return [...published(url, fetched, known), ...way, ...clock];
}

function published(url: URL, fetched: Fetched, known: number): Finding[] {
  const { ok, warning, failure } = findings("keys");
  if (!("set" in fetched)) {
    return [failure(`${url.href}: ${fetched.problem}`, fetched.cure)];
  }
  const { entries, notes } = fetched.set;
  const all = [...entries.flatMap((entry) => entry.notes), ...notes];
  const bad = all.filter(({ level }) => level === "failure");
  if (bad.length > 0) {
    const cure = `better-auth-edge jwks ${url.href} shows more.`;
    return bad.map(({ text }) => failure(`${url.href}: ${text}`, cure));
  }
  const usable = entries.filter((entry) => entry.usable).length;
  const text = `${url.href} publishes ${usable} usable ${usable === 1 ? "key" : "keys"}`;
  if (usable === known) return [ok(text)];
  const cure = "It may be ten minutes behind; otherwise BETTER_AUTH_URL or JWKS_URL is another's.";
  return [warning(`${text}, and the edge has ${known}`, cure)];
}

function what({ status, headers }: Answer): string {
  const type = headers.get("content-type")?.split(";")[0];
  const location = headers.get("location");
  if (location !== null) return `the answer is ${status}, a redirect to ${printable(location)}`;
  return `the answer to its health is ${status}${type ? `, ${printable(type)}` : ""}`;
}

function whoAnswers({ status, headers, text }: Answer): string {
  if (headers.has("location"))
    return "Name the URL behind the redirect, or take the sign-in page off.";
  if (/error code: 1042/.test(text)) return "A Worker of the same zone asks: see keys_unavailable.";
  if (status >= 500) return "The Worker may have crashed while starting: npx wrangler tail.";
  return "Is this the Worker's URL, without a path, and is it deployed?";
}

/** Whether nobody can listen: TLS, or one machine. */
function isPrivate(origin: string): boolean {
  const { protocol, hostname } = new URL(origin);
  return protocol === "https:" || /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname);
}
