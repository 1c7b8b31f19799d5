import { explain } from "../explanations.ts";
import type { HttpResponse } from "../http.ts";
import { parseObject } from "../json.ts";
import { fetchKeySet, type KeySetResult } from "../jwks.ts";
import { keyUrlWarning } from "../key-set.ts";
import { shellWord } from "../quote.ts";
import { printable } from "../terminal.ts";
import { formatDuration } from "../times.ts";
import { adviceFor, isLocal } from "./advice.ts";
import { checkClock } from "./clock.ts";
import type { Deployment } from "./deployment.ts";
import { type Finding, findings } from "./finding.ts";
import { hasRevocations, revocationFinding } from "./revocation.ts";

/** The findings about the edge's settings and keys. */
export interface Health {
  findings: Finding[];
  /** The number of keys that the edge verifies with; `undefined` if it does not say. */
  keys: number | undefined;
  /** Whether the edge knows which sessions have ended. */
  hasRevocations: boolean;
  /** Whether the edge works well enough for the other checks. */
  isServing: boolean;
}

/** Checks the edge's health endpoint: its settings, its rules, its keys and its revocations. */
export async function checkHealth(deployment: Deployment): Promise<Health> {
  const response = await deployment.health();
  const health = parseObject(response.text) ?? {};
  const { ok, warning, failure } = findings("settings");
  const stop = (finding: Finding): Health => ({
    findings: [finding],
    keys: 0,
    hasRevocations: false,
    isServing: false,
  });

  if (health.status === "misconfigured") {
    const { misconfigured } = adviceFor(deployment.origin);
    const text = "a setting is missing, misspelled or invalid; the log names it";
    return stop(failure(text, misconfigured));
  }
  const isEdge = ["ok", "keys_unavailable", "revocations_unavailable"].includes(
    String(health.status),
  );
  if (!isEdge) {
    const text = `the server is not better-auth-edge: ${describeResponse(response)}`;
    return stop(failure(text, notAnEdgeCure(response, deployment.origin)));
  }
  const settings: Finding[] = [ok("all settings are valid"), ...rulesFindings(health)];
  if (!isConfidential(deployment.origin)) {
    const cure = "Use https: tokens and responses cross the network.";
    settings.push(warning("the URL begins with http, and its host is not this machine", cure));
  }
  if (response.headers.has("age") || response.headers.get("cf-cache-status") === "HIT") {
    const cure =
      "Leave [cache] in wrangler.toml off, and remove cache rules from the Worker's route.";
    settings.push(failure("a cache responds before the edge can verify the user", cure));
  }
  const keys = typeof health.keys === "number" ? health.keys : 0;
  const found = [...settings, keysFinding(health, keys), revocationFinding(health)];
  const isSilent = health.status === "revocations_unavailable";
  return {
    findings: found,
    keys: isSilent ? undefined : keys,
    hasRevocations: hasRevocations(health),
    isServing: true,
  };
}

/**
 * Reports the number of rules: a deployment that lost its rules is healthy in every other respect.
 */
function rulesFindings({ rules, isolating_rules: isolating }: Record<string, unknown>): Finding[] {
  const { ok, warning } = findings("settings");
  if (typeof rules !== "number" || typeof isolating !== "number") return [];
  const text = `${rules} ${rules === 1 ? "rule" : "rules"}, ${isolating} of which ${isolating === 1 ? "isolates" : "isolate"} users`;
  if (isolating > 0) return [ok(text)];
  const cure =
    "Any user's token is accepted on every path. Add a rule with match to ROUTES; wrangler's environments do not inherit [vars].";
  return [warning(text, cure)];
}

function keysFinding(health: Record<string, unknown>, keys: number): Finding {
  const { ok, warning, failure } = findings("keys");
  const { issuers, issuers_with_keys: served, keys_age: age } = health;
  if (health.status === "keys_unavailable") {
    const of = typeof issuers === "number" ? ` for only ${served} of ${issuers} issuers` : "";
    const { cure } = explain("keys_unavailable") ?? {};
    return of === ""
      ? failure("the edge has no key to verify with, and rejects every token", cure)
      : failure(`the edge has keys${of}`, cure);
  }
  if (health.status === "revocations_unavailable") return ok("the edge has keys to verify with");
  const fetched = typeof age === "number" ? `, fetched ${formatDuration(age)} ago` : "";
  const text = `${keys} ${keys === 1 ? "key" : "keys"} to verify with${fetched}`;
  if (typeof age === "number" && age > STALE) {
    const reason = "the edge has had no need to fetch them since, or the auth server fails";
    const cure = "--base-url checks the auth server. The edge uses cached keys for a day.";
    return warning(`${text}: ${reason}`, cure);
  }
  return ok(text);
}

/** Seconds; well over the time for which the edge uses a key set without fetching it again. */
const STALE = 3600;

/**
 * Compares the auth server's keys and clock with the edge's.
 *
 * @param edgeKeys the number of keys that the edge has, if it is known
 */
export async function checkAuthServer(url: URL, edgeKeys: number | undefined): Promise<Finding[]> {
  const result = await fetchKeySet(url);
  const exposed = await keyUrlWarning(url);
  const cure = "Use an https URL of Better Auth in BETTER_AUTH_URL and JWKS_URL.";
  const transport = exposed === undefined ? [] : [findings("keys").warning(exposed, cure)];
  const clock = result.response ? [checkClock([result.response], "the auth server")] : [];
  return [...keySetFindings(url, result, edgeKeys), ...transport, ...clock];
}

function keySetFindings(url: URL, result: KeySetResult, edgeKeys: number | undefined): Finding[] {
  const { ok, warning, failure } = findings("keys");
  if (!("set" in result)) {
    return [failure(`${url.href}: ${result.problem}`, result.cure)];
  }
  const { entries, notes } = result.set;
  const all = [...entries.flatMap((entry) => entry.notes), ...notes];
  const bad = all.filter(({ level }) => level === "failure");
  if (bad.length > 0) {
    const cure = `better-auth-edge jwks ${shellWord(url.href)} shows more.`;
    return bad.map(({ text }) => failure(`${url.href}: ${text}`, cure));
  }
  const usable = entries.filter((entry) => entry.usable).length;
  const text = `${url.href} publishes ${usable} usable ${usable === 1 ? "key" : "keys"}`;
  if (edgeKeys === undefined || usable === edgeKeys) return [ok(text)];
  const cure =
    "The edge's keys may be ten minutes old. Otherwise BETTER_AUTH_URL or JWKS_URL names another server.";
  return [warning(`${text}, and the edge has ${edgeKeys}`, cure)];
}

function describeResponse({ status, headers }: HttpResponse): string {
  const type = headers.get("content-type")?.split(";")[0];
  const location = headers.get("location");
  if (location !== null) return `it responded with ${status}, a redirect to ${printable(location)}`;
  return `its health endpoint responded with ${status}${type ? `, ${printable(type)}` : ""}`;
}

function notAnEdgeCure({ status, headers, text }: HttpResponse, origin: string): string {
  if (headers.has("location"))
    return "Use the URL behind the redirect, or remove the sign-in page in front of the edge.";
  if (/error code: 1042/.test(text))
    return "A Worker of the same zone sends the request: see keys_unavailable.";
  if (status >= 500) return adviceFor(origin).crashed;
  return "Is this the Worker's URL, without a path, and is the Worker deployed?";
}

/** Whether the connection cannot be intercepted: it uses TLS, or stays on this machine. */
function isConfidential(origin: string): boolean {
  return new URL(origin).protocol === "https:" || isLocal(origin);
}
