// Requests as an attacker writes them: fetch would tidy paths up, and leave headers out.
import { request } from "node:http";

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** The body, read as JSON. */
  json(): Record<string, unknown>;
}

/** Sends a request with the path as it is written. */
export function send(
  base: string,
  path: string,
  headers: Record<string, string> = {},
  { method = "GET", body = "" } = {},
): Promise<Answer> {
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

/** A user who has signed up, with the cookie that a browser would send. */
export interface Visitor {
  cookie: string;
  uuid: string;
  /** Better Auth's opaque session token */
  session: string;
}

let count = 0;

/** @param path of Better Auth's endpoint */
export async function signUp(base: string, path = "/api/auth/sign-up/email"): Promise<Visitor> {
  count += 1;
  const email = `visitor-${process.pid}-${count}-${new URL(base).port}@example.com`;
  const body = JSON.stringify({ name: "Visitor", email, password: "correct horse battery" });
  const headers = { "content-type": "application/json", origin: base };
  const answer = await send(base, path, headers, { method: "POST", body });
  if (answer.status !== 200) throw new Error(`sign-up gave ${answer.status}: ${answer.text}`);
  const cookies = answer.headers["set-cookie"] as string[];
  const { user } = answer.json() as { user: { uuid: string } };
  return {
    cookie: cookies.map((cookie) => cookie.split(";")[0]).join("; "),
    uuid: user.uuid,
    session: String(answer.headers["set-auth-token"]),
  };
}
