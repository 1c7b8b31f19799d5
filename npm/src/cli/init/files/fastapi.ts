import { type Answers, localEdge } from "../answers.ts";
import type { FastApiApp } from "../detect/fastapi.ts";
import type { Project } from "../detect/index.ts";
import { folderOf, inFolder } from "../detect/manifest.ts";
import { codeFile, environmentFile, type Ignored, type Wanted } from "./change.ts";

/** The dependencies of the routes, the settings, and an app if the project has no file for one. */
export function fastApiFiles(project: Project, app: FastApiApp, answers: Answers): Wanted[] {
  const main = inFolder(app.folder, "main.py");
  const defaults: [string, string][] =
    answers.edge === "none" && answers.userClaim === "sub" ? [["USER_CLAIM", "sub"]] : [];
  const needsApp = app.module === undefined && !project.folder.has(main);
  return [
    codeFile(inFolder(moduleFolder(app), `${MODULE}.py`), dependencies(app), {
      mark: /better_auth_edge/,
    }),
    environmentFile(inFolder(app.folder, ".env"), settings(project, answers), defaults),
    ...(needsApp ? [codeFile(main, APP, { mark: /FastAPI\(/ })] : []),
  ];
}

/** What git must not see of the application. */
export function fastApiIgnored(app: FastApiApp): Ignored {
  return { path: inFolder(app.folder, ".gitignore"), lines: [".env"] };
}

/** The settings of FastAPI, as names and values. */
export function settings(project: Project, answers: Answers): ([string, string] | string)[] {
  const { auth, api, userClaim, edge } = answers;
  if (edge === "none") {
    return [
      "FastAPI verifies Better Auth's tokens itself.",
      ["EDGE_AUTH_MODE", "jwks"],
      ["BETTER_AUTH_URL", auth],
      ...(userClaim === "sub" ? [] : ([["USER_CLAIM", userClaim]] as [string, string][])),
    ];
  }
  const url = localEdge(answers, project);
  return [
    "FastAPI accepts only what the edge has signed. These are the values of this machine.",
    ["EDGE_AUTH_MODE", "assertion"],
    ["EDGE_JWKS_URL", url],
    ["EDGE_ISSUER", url],
    "The origin of the API, as the edge calls it.",
    ["EDGE_AUDIENCE", new URL(api ?? auth).origin],
  ];
}

/** The lines that an existing app needs; `undefined` if it has them. */
export function appSnippet({ folder }: Project, app: FastApiApp): string | undefined {
  const { module, variable, importPrefix } = app;
  const text = (module && folder.text(module)) ?? "";
  if (text.includes(MODULE)) return undefined;
  return snippet(importPrefix + MODULE, variable);
}

/** The app as uvicorn names it: `app.main:app`. */
export function importPath({ folder, module, variable, importRoot }: FastApiApp): string {
  const path = module ?? inFolder(folder, "main.py");
  const inner = importRoot === "" ? path : path.slice(importRoot.length + 1);
  return `${inner.replace(/\.py$/, "").replaceAll("/", ".")}:${variable}`;
}

/** The module with the dependencies of the routes. */
export const MODULE = "edge_auth";

function moduleFolder({ folder, module }: FastApiApp): string {
  return module === undefined ? folder : folderOf(module);
}

function snippet(source: string, variable: string): string {
  return `from ${source} import PathUser, auth

auth.install(${variable})


@${variable}.get("/api/{user_id}/tasks")
async def tasks(user: PathUser) -> list[str]:
    return [f"a task of {user.id}"]
`;
}

const APP = `from fastapi import FastAPI

from edge_auth import PathUser, auth

app = FastAPI()
auth.install(app)


@app.get("/health")
async def health() -> str:
    return "ok"


@app.get("/api/{user_id}/tasks")
async def tasks(user: PathUser) -> list[str]:
    return [f"a task of {user.id}"]
`;

function dependencies(app: FastApiApp): string {
  const inner = moduleFolder(app).slice(app.folder.length).split("/").filter(Boolean).length;
  return `"""The users of the API: those of Better Auth, verified by better-auth-edge."""

from pathlib import Path
from typing import Annotated

from better_auth_edge import EdgeAuth, User
from fastapi import Depends

# a deployment has the settings in its environment, and no file
ENV_FILE = Path(__file__).resolve().parents[${inner}] / ".env"

auth = EdgeAuth.from_env(env_file=str(ENV_FILE) if ENV_FILE.is_file() else None)

CurrentUser = Annotated[User, Depends(auth.current_user)]
"""The user who sends the request. Without a token, the response is 401."""

PathUser = Annotated[User, Depends(auth.user_from_path("user_id"))]
"""The user whose id is \`user_id\` in the path. For another user, it is 403."""
`;
}
