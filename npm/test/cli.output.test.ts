/** The CLI's output of untrusted text, plain and as JSON. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { json, run } from "./cli.process.ts";
import { serve } from "./servers.ts";

test("an untrusted key set cannot control the terminal", async () => {
  const kid = "a\u001b]0;owned\u0007\u001b[2J\u202eb\r\n";
  await using server = await serve(() => ({ body: { keys: [{ kty: "OKP\u001b[31m", kid }] } }));
  const { stdout } = await run(["jwks", server.url]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the output must not contain them
  assert.doesNotMatch(stdout.replaceAll("\n", ""), /[\u0000-\u001f\u007f-\u009f\u202e]/);
  assert.match(stdout, /\\u001b\]0;owned\\u0007/);
});

/**
 * Characters that control a terminal, change the reading direction or are invisible: one of each
 * kind.
 */
const HARMFUL = [
  ...["\0", "\u0007", "\u0008", "\t", "\n", "\r", "\u001b", "\u007f"],
  ...["\u0080", "\u0085", "\u009b", "\u009d", "\u009f", "\u00a0", "\u00ad"],
  ...["\u034f", "\u061c", "\u115f", "\u1680", "\u17b4", "\u180b", "\u180e", "\u2003"],
  ...["\u200b", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e"],
  ...["\u2060", "\u2064", "\u2066", "\u2069", "\u206f", "\u2800", "\u3000", "\u3164"],
  ...["\ue000", "\ufe0f", "\ufeff", "\uffa0", "\ufff9", "\uffff"],
  ...["\u{1d173}", "\u{e0001}", "\u{e0041}", "\u{e007f}", "\u{e0100}", "\u{f0000}", "\u{10ffff}"],
];
const HARMLESS = "é ж 漢 א ع ह 😀 ~";

/** The characters of an output that are not plainly printable, line breaks and spaces aside. */
function harmfulOf(text: string): string[] {
  return [...text.replaceAll("\n", "")].filter(
    (character) =>
      character !== " " && /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u.test(character),
  );
}

test("only plainly printable characters of untrusted text reach the terminal", async () => {
  const text = HARMFUL.map((character, i) => `${i}${character}`).join("") + HARMLESS;
  const key = { kty: text, kid: text, alg: text, crv: text, use: text, x: text, [text]: text };
  // lone surrogates: the core rejects them in a key set, but JSON.parse accepts them in a token
  const lone = `${text}\ud800 \udfff`;
  const [header, payload] = [
    { alg: "EdDSA", kid: lone, [lone]: text },
    { sub: lone, exp: 1, [lone]: { [lone]: [lone] } },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const location = Buffer.from(`/${HARMFUL.filter((c) => c > "\u007f").join("")}`).toString(
    "latin1",
  );
  await using server = await serve(({ path }) => {
    if (path === "/moved") return { status: 302, headers: { location: encodeURI(location) } };
    if (path.startsWith("/.well-known/better-auth-edge/jwks")) return { body: { keys: [key] } };
    if (path.startsWith("/.well-known/better-auth-edge/")) {
      return { body: { status: "ok", keys: 1, issuers: text } };
    }
    if (path === "/better-auth-edge-doctor") {
      const headers = { "content-type": "application/problem+json" };
      return { status: 401, headers, body: JSON.stringify({ code: text }) };
    }
    return { body: { keys: [key] } };
  });
  const token = `${header}.${payload}.AAAA`;
  for (const [args, input] of [
    [["jwks", server.url], ""],
    [["jwks", `${server.url}/moved`], ""],
    [["verify", "--base-url", server.url], token],
    [["verify", "--base-url", server.url], text],
    [["verify", "--jwks-url", `${server.url}/moved`], token],
    [["doctor", server.url, "--base-url", server.url], ""],
    [["verify", "--base-url", server.url, "--profile", text.replaceAll("\0", "")], token],
    [[`--${text.replaceAll("\0", "")}`], ""],
    [["jwks", text.replaceAll("\0", "")], ""],
  ] as const) {
    for (const json of [false, true]) {
      const { stdout, stderr } = await run([...args, ...(json ? ["--json"] : [])], input);
      assert.deepEqual(harmfulOf(stdout + stderr), [], args.join(" ").slice(0, 40));
    }
  }
});

test("JSON output has the same text, escaped", async () => {
  const kid = HARMFUL.join("") + HARMLESS;
  await using server = await serve(() => ({ body: { keys: [{ kty: "OKP", kid }] } }));
  const outcome = await run(["jwks", server.url, "--json"]);
  assert.ok(outcome.stdout.includes("\\u007f"));
  assert.ok(outcome.stdout.includes("\\udb40\\udc41"));
  assert.ok(outcome.stdout.includes(HARMLESS));
  const { stdout } = await run(["jwks", server.url]);
  assert.match(stdout, /\\u061c/);
  assert.match(stdout, /\\u\{e0041\}/);
  assert.equal(json(outcome).keys[0].kid, kid);
});

test("a key URL without TLS on a public host causes a warning", async () => {
  const url = "http://keys.example.com.";
  const outcome = await run(["verify", "--base-url", url], "a.b.c");
  assert.match(outcome.stderr, /the keys come from http:\/\/keys\.example\.com\. without TLS/);
  assert.equal((await run(["verify", "--base-url", "https://keys.invalid"], "a.b.c")).stderr, "");
});
