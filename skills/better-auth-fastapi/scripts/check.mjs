#!/usr/bin/env node
// Checks that a path of an API admits its user and no other. Standard input has the user's JWT.
//
//   node token.mjs … | node check.mjs 'http://localhost:8000/api/{user_id}/tasks' [--claim uuid]
//
// It sends GET requests only. --claim names the claim that the path contains; default: sub.

import { text } from "node:stream/consumers";

const [template = "", option, claim = "sub"] = process.argv.slice(2);
if (!template.includes("{user_id}") || (option !== undefined && option !== "--claim")) {
  fail("usage: node check.mjs '<URL with {user_id}>' [--claim <claim>] < token");
}
const token = (await text(process.stdin)).trim();
const [header, payload, signature] = token.split(".");
if (!signature) fail("standard input is not a JWT");
const user = JSON.parse(Buffer.from(payload, "base64url"))[claim];
if (typeof user !== "string") fail(`the token has no claim ${claim}`);

const own = template.replace("{user_id}", encodeURIComponent(user));
const other = template.replace("{user_id}", "another-user");
const forgedPayload = Buffer.from(JSON.stringify({ [claim]: "another-user" })).toString(
  "base64url",
);
const forged = `${header}.${forgedPayload}.${signature}`;
const results = [
  await expect("the user reads the own path", own, bearer(token), 200),
  await expect("another user's path is closed", other, bearer(token), 403, "user_mismatch"),
  await expect("a token is required", own, {}, 401, "missing_token"),
  await expect("an altered token is rejected", other, bearer(forged), 401, "bad_signature"),
  await expect("a header names no user", own, { "x-edge-user": user, "x-user-id": user }, 401),
];
const passed = results.filter(Boolean).length;
console.log(`${passed} of ${results.length} checks passed`);
process.exitCode = passed === results.length ? 0 : 1;

async function expect(what, url, headers, status, code) {
  const response = await fetch(url, { headers, redirect: "manual" }).catch(() => undefined);
  if (!response) fail(`the API does not respond at ${new URL(url).origin}: is it running?`);
  const body = await response.json().catch(() => ({}));
  const holds = response.status === status && (code === undefined || body.code === code);
  const found = `${response.status}${typeof body.code === "string" ? ` ${body.code}` : ""}`;
  console.log(`${holds ? "ok    " : "FAILED"}  ${what}: ${found}`);
  return holds;
}

function bearer(value) {
  return { authorization: `Bearer ${value}` };
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
