/** The cases: requests with their expected results. */
import { randomBytes } from "node:crypto";

/** Collects the cases of one version. */
export class Cases {
  all = [];

  constructor(version) {
    this.version = version;
  }

  /** The cases of one option, with the servers that they need. */
  of(option, library) {
    return new OptionCases(this, option, library);
  }
}

class OptionCases {
  constructor(cases, option, library) {
    this.cases = cases;
    this.option = option;
    this.library = library;
  }

  /**
   * A request, or several to one verifier.
   *
   * @param settings the Worker's settings, by name
   * @param steps each `{ headers, expected, user?, publish? }`: `ok` or the code of the rejection
   */
  add(server, name, settings, steps) {
    const { version, all } = this.cases;
    const id = `${version}: ${this.option}: ${name}`;
    const count = all.filter((one) => one.id === id || one.id.startsWith(`${id} (`)).length;
    all.push({
      id: count > 0 ? `${id} (${count + 1})` : id,
      option: this.option,
      settings: { BETTER_AUTH_URL: server.url, ...settings },
      steps,
    });
  }

  /** Adds a bearer token that must be accepted as the user's. */
  accepts(server, name, token, user, settings = {}) {
    this.add(server, name, settings, [{ headers: bearer(token), expected: "ok", user }]);
  }

  /** Adds a bearer token that must be rejected. */
  rejects(server, name, token, expected, settings = {}) {
    this.add(server, name, settings, [{ headers: bearer(token), expected }]);
  }

  /** Adds a token that must be accepted, and changed copies that must be rejected. */
  verifies(server, token, user, settings = {}) {
    this.accepts(server, "an unchanged token", token, user, settings);
    for (const [name, changed, expected] of changesOf(token)) {
      this.rejects(server, name, changed, expected, settings);
    }
  }

  /** Adds cookies that must be accepted as the user's. */
  acceptsCookies(server, name, cookie, user, settings) {
    this.add(server, name, settings, [{ headers: { cookie }, expected: "ok", user }]);
  }

  /** The last case must not change the session's row: `GET` of the URL returns the row's expiry. */
  unchanged(server, session) {
    const url = `${server.url}/compat/expiry`;
    const { expiresAt } = server.row(session);
    server.custom.set(url, () => server.row(session).expiresAt.toISOString());
    this.cases.all.at(-1).unchanged = { url, text: expiresAt.toISOString() };
  }

  /** Adds cookies that must be rejected. */
  rejectsCookies(server, name, cookie, expected, settings) {
    this.add(server, name, settings, [{ headers: { cookie }, expected }]);
  }
}

export const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** The unverified claims of a compact JWS. */
export const claims = (token) => decoded(token.split(".")[1]);

/** The header of a compact JWS. */
export const header = (token) => decoded(token.split(".")[0]);

/** Changed copies of a token, with the code of each rejection. */
export function changesOf(token) {
  const [head, payload, signature] = token.split(".");
  const withHeader = (changes) => `${encoded({ ...header(token), ...changes })}.${payload}`;
  const other = header(token).alg === "ES256" ? "RS256" : "ES256";
  const random = randomBytes(Buffer.from(signature, "base64url").length).toString("base64url");
  const changed = { ...claims(token), sub: "another-user", role: "admin" };
  return [
    ["another signature", `${head}.${payload}.${random}`, "bad_signature"],
    ["one bit of the signature", `${head}.${payload}.${flipped(signature)}`, "bad_signature"],
    ["half of the signature", `${head}.${payload}.${halved(signature)}`, "bad_signature"],
    ["no signature", `${head}.${payload}.`, "malformed_token"],
    ["other claims", `${head}.${encoded(changed)}.${signature}`, "bad_signature"],
    ["another algorithm", `${withHeader({ alg: other })}.${signature}`, "unsupported_algorithm"],
    ["no algorithm", `${withHeader({ alg: "none" })}.${signature}`, "unsupported_algorithm"],
    ["a shared secret", `${withHeader({ alg: "HS256" })}.${signature}`, "unsupported_algorithm"],
    ["another key", `${withHeader({ kid: "unknown-key" })}.${signature}`, "unknown_key"],
    ["another type", `${withHeader({ typ: "at+jwt" })}.${signature}`, "wrong_token_type"],
    ["a critical extension", `${withHeader({ crit: ["b64"] })}.${signature}`, "malformed_token"],
  ];
}

/** The JWS with one bit of its signature flipped. */
export const forged = (token) => {
  const [head, payload, signature] = token.split(".");
  return `${head}.${payload}.${flipped(signature)}`;
};

/** The cookies without those for which the predicate is true. */
export const without = (cookie, predicate) =>
  cookie
    .split("; ")
    .filter((pair) => !predicate(pair))
    .join("; ");

/** The cookies, with changed values of those with this name. */
export const changedCookie = (cookie, name, change) =>
  cookie
    .split("; ")
    .map((pair) => {
      const [own, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
      return own === name ? `${own}=${change(value)}` : pair;
    })
    .join("; ");

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decoded = (segment) => JSON.parse(Buffer.from(segment, "base64url").toString());

function flipped(segment) {
  const bytes = Buffer.from(segment, "base64url");
  bytes[bytes.length >> 1] ^= 1;
  return bytes.toString("base64url");
}

function halved(segment) {
  const bytes = Buffer.from(segment, "base64url");
  return bytes.subarray(0, bytes.length >> 1).toString("base64url");
}
