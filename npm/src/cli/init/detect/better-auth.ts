import type { Folder } from "../folder.ts";

/** The project's own Better Auth server. */
export interface BetterAuth {
  /** The file that calls `betterAuth()`. */
  file: string;
  /** Whether it has the jwt plugin, without which there are no tokens. */
  hasJwt: boolean;
}

/** Finds the file that configures Better Auth, near the root first. */
export function findBetterAuth(folder: Folder): BetterAuth | undefined {
  const names = folder.files().filter((path) => {
    const isScript = /\.[cm]?[jt]sx?$/.test(path) && !/\.(d|test|spec)\.\w+$/.test(path);
    return isScript && /auth/i.test(path.split("/").slice(-2).join("/"));
  });
  for (const file of names.slice(0, 200)) {
    const text = folder.text(file) ?? "";
    if (/\bbetterAuth\(/.test(text) && /["']better-auth(\/minimal)?["']/.test(text)) {
      return { file, hasJwt: /\bjwt\(/.test(text) };
    }
  }
  return undefined;
}
