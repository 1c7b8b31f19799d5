/**
 * Runs the cases of one Better Auth version with the npm package:
 *
 *     node better-auth-versions.mjs <file of the cases> <file for the verdicts>
 *
 * `cargo xtask test compat` makes the cases. The settings are the Worker's; this program converts
 * them to options. It passes a bearer token to `verify` too.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createVerifier } from "better-auth-edge";

/** The Worker's settings that are options of `createVerifier`. */
const VERIFIER = {
  BETTER_AUTH_URL: ["baseURL", String],
  BETTER_AUTH_BASE_PATH: ["basePath", String],
  JWKS_URL: ["jwksUrl", String],
  ISSUER: ["issuer", list],
  AUDIENCE: ["audience", list],
  ALGORITHMS: ["algorithms", list],
  PROFILE: ["profile", String],
  USER_CLAIM: ["userClaim", String],
  MAX_TOKEN_LIFETIME: ["maxTokenLifetime", Number],
};

/** The Worker's settings that are options of `verifyRequest`. */
const REQUEST = {
  BETTER_AUTH_SECRET: ["secret", String],
  ROUTES: ["routes", JSON.parse],
  SESSION_EXCHANGE: ["sessionExchange", (text) => text === "true"],
  COOKIE_CACHE: ["cookieCache", String],
  COOKIE_CACHE_VERSION: ["cookieCacheVersion", String],
  COOKIE_PREFIX: ["cookiePrefix", String],
  SESSION_COOKIE_NAME: ["sessionCookieName", String],
};

const [input, output] = process.argv.slice(2);
const { cases } = JSON.parse(readFileSync(input, "utf8"));
const verdicts = {};
for (const one of cases) verdicts[one.id] = await verdictsOn(one);
writeFileSync(output, JSON.stringify(verdicts));

async function verdictsOn({ settings, steps, unchanged }) {
  const verdicts = [];
  try {
    const verifier = await createVerifier(options(settings, VERIFIER));
    const gateway = { ...options(settings, REQUEST), logLevel: "none" };
    for (const { headers, publish } of steps) {
      if (publish) await fetch(publish.url, { method: "PUT", body: publish.body });
      const request = new Request("https://edge.example/", { headers });
      const decision = await verifier.verifyRequest(request, gateway);
      const verdict = decision.ok ? { code: "ok", user: decision.user?.id } : decision;
      verdicts.push({ code: verdict.code, user: verdict.user ?? null });
      if (headers.authorization && !gateway.routes) {
        const token = headers.authorization.slice("Bearer ".length);
        const direct = await verdictOf(() => verifier.verify(token));
        assert.deepEqual(direct, verdicts.at(-1), "verify and verifyRequest agree");
      }
    }
  } catch (error) {
    verdicts.push({ code: error.code ?? String(error), user: null });
  }
  if (unchanged && (await (await fetch(unchanged.url)).text()) !== unchanged.text) {
    verdicts.push({ code: "the session's row has changed", user: null });
  }
  return verdicts;
}

async function verdictOf(verify) {
  try {
    const { user } = await verify();
    return { code: "ok", user: user.id };
  } catch (error) {
    return { code: error.code, user: null };
  }
}

function options(settings, table) {
  const known = Object.entries(settings).filter(([name]) => table[name]);
  return Object.fromEntries(known.map(([name, text]) => [table[name][0], table[name][1](text)]));
}

function list(text) {
  return text.split(",");
}
