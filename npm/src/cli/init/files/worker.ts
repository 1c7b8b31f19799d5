import { isLocal } from "../../doctor/advice.ts";
import { tomlString } from "../../quote.ts";
import { version } from "../../version.ts";
import { COMPATIBILITY_DATE, CONFIG_FILES } from "../../worker-config.ts";
import { type Answers, localEdge } from "../answers.ts";
import type { Project } from "../detect/index.ts";
import { inFolder } from "../detect/manifest.ts";
import { runner } from "../wrangler.ts";
import {
  codeFile,
  environmentFile,
  type Fact,
  type Ignored,
  SIGNING_KEY,
  type Wanted,
} from "./change.ts";
import { configurationFacts, ENVIRONMENTS } from "./worker-facts.ts";

/** The Worker's folder in the project: its own, unless the project is only a Worker. */
export function workerFolder({ isWorkerOnly }: Project): string {
  return isWorkerOnly ? "" : "edge";
}

/** The Worker: its two lines, its settings, its secrets on this machine. */
export function workerFiles(project: Project, answers: Answers): Wanted[] {
  const folder = workerFolder(project);
  const ownManifest = folder === "" || !project.manifest;
  return [
    codeFile(inFolder(folder, "src/index.ts"), ENTRY, {
      mark: /better-auth-edge\/worker/,
      rival: { pattern: /\bexport\s+default\b/, name: "its default export" },
    }),
    configuration(project, answers),
    environmentFile(inFolder(folder, ".dev.vars"), [
      "The settings and secrets of this machine, for development. Git ignores the file.",
      ["EDGE_ISSUER", localEdge(answers, project)],
      ...localUrls(answers),
      ["EDGE_SIGNING_KEY", SIGNING_KEY],
    ]),
    ...(ownManifest
      ? [
          codeFile(inFolder(folder, "package.json"), manifest(project, folder, answers), {
            mark: /"better-auth-edge"/,
            rival: { pattern: /\S/, name: "each member of the same name" },
            facts: () => [scriptFact(project, answers)],
          }),
        ]
      : []),
  ];
}

/** The Worker's configuration: an existing one as JSON, or wrangler.toml. wrangler reads one. */
export function configurationPath(project: Project): string {
  const folder = workerFolder(project);
  const paths = CONFIG_FILES.map((name) => inFolder(folder, name));
  return paths.find((path) => project.folder.has(path)) ?? inFolder(folder, "wrangler.toml");
}

/** What git must not see of the Worker. */
export function workerIgnored(project: Project): Ignored {
  const lines = [".dev.vars*", ".wrangler/", "node_modules/"];
  return { path: inFolder(workerFolder(project), ".gitignore"), lines };
}

/** The options of `dev` of both programs, if the edge listens elsewhere than by default. */
export function wranglerOptions(answers: Answers, project: Project): string[] {
  const { port, protocol } = new URL(localEdge(answers, project));
  const isSecure = protocol === "https:";
  const chosen = port || (isSecure ? "443" : "80");
  return [
    ...(chosen === DEFAULT_PORT ? [] : ["--port", chosen]),
    ...(isSecure ? ["--local-protocol", "https"] : []),
  ];
}

/** The tarball of the package in the project's folder, for those who have packed it themselves. */
export function tarball({ folder }: Project): string | undefined {
  const name = `better-auth-edge-${version()}.tgz`;
  return folder.has(name) ? name : undefined;
}

const DEFAULT_PORT = "8787";

const ENTRY = `// The whole Worker: better-auth-edge has it compiled. wrangler.toml has the settings.
export { default, Revocations } from "better-auth-edge/worker";
`;

function configuration(project: Project, answers: Answers): Wanted {
  const path = configurationPath(project);
  const isToml = path.endsWith(".toml");
  const content = isToml ? settings(project, answers) : jsonSettings(answers);
  return codeFile(path, content, {
    mark: /^[^#/\n]*"?\bBETTER_AUTH_URL"?\s*[=:]/m,
    facts: configurationFacts(project, answers, isToml),
    end: ENVIRONMENTS,
    rival: {
      pattern: /\S/,
      name: "each line of the same name, with one section [vars]",
    },
  });
}

function jsonSettings({ auth, api, userClaim }: Answers): string {
  const vars = {
    BETTER_AUTH_URL: auth,
    ORIGIN_URL: api,
    USER_CLAIM: userClaim,
    ROUTES: [
      { path: "/api/{user_id}/*", match: { user_id: userClaim } },
      { path: "/health", methods: ["GET"], auth: "public" },
    ],
  };
  const content = { main: "src/index.ts", compatibility_date: COMPATIBILITY_DATE, vars };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function settings(project: Project, answers: Answers): string {
  const { auth, api, userClaim, edgeUrl } = answers;
  const site = new URL(auth).origin;
  const issuer = edgeUrl !== undefined && !isLocal(edgeUrl) ? edgeUrl : undefined;
  return `# The edge: it verifies the token of each request, applies the rules, and forwards the request to
# the API with the user's identity in a signed header. .dev.vars has the values of this machine.
name = ${tomlString(`${project.name}-edge`)}
main = "src/index.ts"
compatibility_date = "${COMPATIBILITY_DATE}"

[vars]
# Better Auth, and the API, as the Worker reaches them.${reminder(auth, api)}
BETTER_AUTH_URL = ${tomlString(auth)}
ORIGIN_URL = ${tomlString(api ?? "")}
# The claim that identifies the user. "sub" is Better Auth's own user id.
USER_CLAIM = ${tomlString(userClaim)}
# The Worker's own origin, in the assertions that it signs. FastAPI's EDGE_ISSUER has the same value.
${issuer === undefined ? '# EDGE_ISSUER = "https://edge.example.com"' : `EDGE_ISSUER = ${tomlString(issuer)}`}
${
  project.next
    ? `# Pages of these origins may call the API.
CORS_ORIGINS = ${tomlString(site)}`
    : `# Pages of other origins that may call the API:
# CORS_ORIGINS = ${tomlString(site)}`
}

# Rules. The first match decides, and a path without a rule requires a token.
[[vars.ROUTES]]
path = "/api/{user_id}/*"
match = { user_id = ${tomlString(userClaim)} } # the user in the path must be the token's

# The API's own health check. Remove this rule if the API has none.
[[vars.ROUTES]]
path = "/health"
methods = ["GET"]
auth = "public"
`;
}

function reminder(auth: string, api: string | undefined): string {
  const isDeployable = !isLocal(auth) && !isLocal(api ?? auth);
  return isDeployable ? "" : " Replace localhost before a deployment.";
}

/** Comments for those whose wrangler.toml has the URLs of a deployment. */
function localUrls({ auth, api }: Answers): string[] {
  return [
    ...(isLocal(auth) ? [] : ["BETTER_AUTH_URL=http://localhost:3000"]),
    ...(isLocal(api ?? auth) ? [] : ["ORIGIN_URL=http://localhost:8000"]),
  ];
}

function manifest(project: Project, folder: string, answers: Answers): string {
  const packed = tarball(project);
  const isByWrangler = runner(localEdge(answers, project)) === "wrangler";
  const edge = packed ? `file:${folder === "" ? "" : "../"}${packed}` : `^${version()}`;
  const content = {
    name: `${project.name}-edge`,
    private: true,
    type: "module",
    scripts: { dev: developmentScript(project, answers), deploy: "wrangler deploy" },
    dependencies: { "better-auth-edge": edge },
    devDependencies: isByWrangler ? { wrangler: "^4.0.0" } : { workerd: "^1.20261101.0" },
  };
  return `${JSON.stringify(content, null, 2)}\n`;
}

function developmentScript(project: Project, answers: Answers): string {
  const words = [runner(localEdge(answers, project)), "dev", ...wranglerOptions(answers, project)];
  return words.join(" ");
}

/** The script may run either program: the other one may have been right for another Node. */
function scriptFact(project: Project, answers: Answers): Fact {
  const options = wranglerOptions(answers, project).join(" ");
  return {
    pattern: /"dev": *"(?:wrangler|better-auth-edge) dev ?((?: ?--(?:port|local-protocol) \w+)*)"/g,
    accepts: (found = options) => found === options,
    text: `"dev": ${JSON.stringify(developmentScript(project, answers))}`,
  };
}
