#!/usr/bin/env node
// Signs a test user in at Better Auth with email and password, and prints a JWT.
//
//   TEST_PASSWORD=… node token.mjs <Better Auth's URL> <email> [--sign-up]
//
// --sign-up signs the user up if the sign-in fails. Use test users only: the JWT is a credential.

const args = process.argv.slice(2).filter((arg) => arg !== "--sign-up");
const [base, email] = args;
const password = process.env.TEST_PASSWORD;
if (!URL.canParse(base ?? "") || !email || !password) {
  fail("usage: TEST_PASSWORD=… node token.mjs <Better Auth's URL> <email> [--sign-up]");
}
const url = new URL(base);
const api = url.origin + (url.pathname === "/" ? "/api/auth" : url.pathname.replace(/\/$/, ""));

let session = await post("/sign-in/email", { email, password });
if (!session.ok && process.argv.includes("--sign-up")) {
  session = await post("/sign-up/email", { email, password, name: email });
}
if (!session.ok) fail(`the sign-in failed: ${session.status} ${await codeOf(session)}`);
const cookie = session.headers.getSetCookie().map((value) => value.split(";")[0]);
const response = await request("/token", { headers: { cookie: cookie.join("; ") } });
if (!response.ok) {
  fail(`${api}/token answered ${response.status}: does Better Auth have the plugin jwt()?`);
}
console.log((await response.json()).token);

function post(path, body) {
  // Better Auth rejects a POST without a trusted origin
  const headers = { "content-type": "application/json", origin: url.origin };
  return request(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function request(path, init) {
  try {
    return await fetch(api + path, { ...init, redirect: "manual" });
  } catch {
    return fail(`Better Auth does not respond at ${api}: is it running?`);
  }
}

async function codeOf(response) {
  const body = await response.json().catch(() => ({}));
  return body.code ?? "";
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
