import type { Answers } from "../answers.ts";
import { localEdge } from "../answers.ts";
import type { Project } from "../detect/index.ts";
import { inFolder } from "../detect/manifest.ts";
import type { NextApp } from "../detect/next.ts";
import {
  codeFile,
  type EnvironmentLine,
  environmentFile,
  type Fact,
  type Ignored,
  SIGNING_KEY,
  type Wanted,
} from "./change.ts";
import { userClaimFacts } from "./user-claim.ts";

/** The kind of the application's middleware: `proxy` runs on Node, from Next 16 on. */
export function middlewareKind({ version, isOnCloudflare }: NextApp): "proxy" | "middleware" {
  return version.major >= 16 && !isOnCloudflare ? "proxy" : "middleware";
}

/** The path of the middleware: the existing file, or the one that this version of Next reads. */
export function middlewarePath(next: NextApp): string {
  const [existing] = next.middleware;
  const extension = next.isTypeScript ? "ts" : "js";
  return existing ?? inFolder(next.source, `${middlewareKind(next)}.${extension}`);
}

/** The middleware and its variables. */
export function nextFiles(project: Project, next: NextApp, answers: Answers): Wanted[] {
  const { auth, api } = answers;
  return [
    codeFile(middlewarePath(next), middleware(next, answers), {
      mark: /better-auth-edge/,
      facts: (existing) => middlewareFacts(existing, answers),
      rival: {
        pattern: /\bexport\s+(default|(async\s+)?function|const)\b.*\b(proxy|middleware)\b/,
        name: "its function, or call that one from it",
      },
    }),
    environmentFile(inFolder(next.folder, ".env.local"), [
      "Where Better Auth runs, as this server reaches it.",
      ["BETTER_AUTH_URL", auth],
      ...(project.betterAuth
        ? []
        : ["BETTER_AUTH_SECRET is Better Auth's own. Add it if this server may have it."]),
      ...(api === undefined
        ? []
        : ([
            "The API, and this site's origin, which is in the assertions for the API.",
            ["API_URL", api],
            ["EDGE_ISSUER", localEdge(answers, project)],
          ] satisfies EnvironmentLine[])),
      "The key that signs the user's identity. A deployment has one of its own.",
      ["EDGE_SIGNING_KEY", SIGNING_KEY],
    ]),
  ];
}

/** What git must not see of the application. */
export function nextIgnored(next: NextApp): Ignored {
  return { path: inFolder(next.folder, ".gitignore"), lines: [".env*.local"] };
}

/** The sign-in page among the application's pages. */
export function signInPage({ pages }: NextApp): string | undefined {
  return SIGN_IN.find((path) => pages.includes(path));
}

const SIGN_IN = [
  "/sign-in",
  "/signin",
  "/login",
  "/log-in",
  "/auth/sign-in",
  "/auth/signin",
  "/auth/login",
];
/** Pages that a user needs before the sign-in. */
const BEFORE_SIGN_IN =
  /^(\/auth)?\/(sign-?up|register|(forgot|reset)-password|verify-email|two-factor)$/;

function middleware(next: NextApp, { api, userClaim }: Answers): string {
  const signIn = signInPage(next);
  const definite = next.isTypeScript ? "!" : "";
  const options = [
    `baseURL: process.env.BETTER_AUTH_URL${definite}, // where Better Auth runs, as this server reaches it`,
    "secret: process.env.BETTER_AUTH_SECRET, // Better Auth's own: rejects forged session cookies",
    ...(api === undefined
      ? []
      : [
          "origin: process.env.API_URL, // the API",
          "edgeIssuer: process.env.EDGE_ISSUER, // this site's origin; FastAPI's EDGE_ISSUER is the same",
        ]),
    ...(userClaim === "sub" ? [] : [`userClaim: ${JSON.stringify(userClaim)},`]),
    ...(signIn === undefined || signIn === "/sign-in"
      ? []
      : [`signInPath: ${JSON.stringify(signIn)},`]),
    ...rules(next, api, userClaim),
    ...publicPaths(next),
  ];
  return `import { createMiddleware } from "better-auth-edge/next";

// Verifies the session or the token of each request. A request without one gets a redirect to the
// sign-in page, or a 401. Pages and route handlers read the user with getUser(headers()).
export const ${middlewareKind(next)} = createMiddleware({
${options.map((line) => `  ${line}\n`).join("")}});
`;
}

function rules(next: NextApp, api: string | undefined, userClaim: string): string[] {
  const open = ["/", ...next.pages.filter((path) => BEFORE_SIGN_IN.test(path))];
  const own = next.apiRoutes.filter((name) => name !== "auth");
  return [
    "// the first match decides, and a path without a rule requires a session or a token",
    "routes: [",
    ...open.map((path) => `  { path: ${JSON.stringify(path)}, auth: "public" },`),
    ...(api === undefined
      ? []
      : [
          ...own.map(
            (name) => `  { path: "/api/${name}/*" }, // a route handler of this application`,
          ),
          "  // the user in the path must be the one who is signed in; the API gets the request",
          `  { path: "/api/{user_id}/*", match: { user_id: ${JSON.stringify(userClaim)} }, to: "origin" },`,
        ]),
    "],",
  ];
}

function publicPaths({ publicPaths: paths }: NextApp): string[] {
  const others = paths.filter((path) => path !== "/favicon.ico");
  if (others.length === 0) return [];
  return [
    "// the files in public/",
    "publicPaths: [",
    ...others.map((path) => `  ${JSON.stringify(path)},`),
    "],",
  ];
}

/** The values in an existing middleware that depend on the answers. */
function middlewareFacts(existing: string, { api, userClaim }: Answers): Fact[] {
  const match = `match: { user_id: ${JSON.stringify(userClaim)} }`;
  const facts = userClaimFacts(
    existing,
    userClaim,
    { pattern: option("userClaim"), text: `userClaim: ${JSON.stringify(userClaim)},` },
    { pattern: option("user_id"), text: match },
  );
  if (api === undefined || /^[^\n/]*\borigin\s*[:,]/m.test(existing)) return facts;
  const lacking = [
    "origin: process.env.API_URL,",
    "edgeIssuer: process.env.EDGE_ISSUER,",
    `{ path: "/api/{user_id}/*", ${match}, to: "origin" },`,
  ];
  return [...facts, ...lacking.map((text) => ({ pattern: /(?!)/g, accepts: () => false, text }))];
}

/** Finds an option and its text, unless it is in a comment. */
function option(name: string): RegExp {
  return new RegExp(`^(?:(?!//)[^\\n])*?\\b${name}: *["']([^"'\\n]*)["']`, "gm");
}
