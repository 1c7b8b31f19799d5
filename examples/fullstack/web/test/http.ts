// Sends requests with exact paths and headers: `fetch` normalizes paths and removes headers.
import { request } from "node:http";

/** A response with its body. */
export interface RawResponse {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** Parses the body as JSON. */
  json(): Record<string, unknown>;
}

/** Sends a request with exactly this path. */
export function send(
  base: string,
  path: string,
  headers: Record<string, string> = {},
  { method = "GET", body = "" } = {},
): Promise<RawResponse> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => {
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, text, json: () => JSON.parse(text) });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A signed-in user, with the cookie that the user's browser sends. */
export interface BrowserUser {
  cookie: string;
  uuid: string;
  /** Better Auth's opaque session token. */
  session: string;
}

let count = 0;

/** Signs up a new user at Better Auth's endpoint `path`. */
export async function signUp(
  base: string,
  path = "/api/auth/sign-up/email",
  profile: { name?: string; email?: string } = {},
): Promise<BrowserUser> {
  count += 1;
  const email = `user-${process.pid}-${count}-${new URL(base).port}@example.com`;
  const body = JSON.stringify({
    name: "User",
    email,
    password: "correct horse battery",
    ...profile,
  });
  const headers = { "content-type": "application/json", origin: base };
  const response = await send(base, path, headers, { method: "POST", body });
  if (response.status !== 200) throw new Error(`sign-up: ${response.status} ${response.text}`);
  const cookies = response.headers["set-cookie"] as string[];
  const { user } = response.json() as { user: { uuid: string } };
  return {
    cookie: cookies.map((cookie) => cookie.split(";")[0]).join("; "),
    uuid: user.uuid,
    session: String(response.headers["set-auth-token"]),
  };
}
