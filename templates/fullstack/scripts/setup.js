/** Writes fresh secrets for this machine into .dev.vars, unless the file exists. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Without what keygen says about other ways to store the key. */
const KEY_ALONE = /** @type {const} */ ({
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});
const path = fileURLToPath(new URL("../.dev.vars", import.meta.url));
if (existsSync(path)) {
  console.log(".dev.vars exists, and stays as it is");
} else {
  const cli = fileURLToPath(import.meta.resolve("better-auth-edge/package.json"));
  const program = cli.replace(/package\.json$/, "dist/node/cli.js");
  const key = execFileSync(process.execPath, [program, "keygen"], KEY_ALONE).trim();
  const secret = randomBytes(32).toString("base64");
  // for its owner only
  const text = `BETTER_AUTH_SECRET='${secret}'\nEDGE_SIGNING_KEY='${key}'\n`;
  writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  console.log("wrote .dev.vars, which git ignores");
}
