#!/usr/bin/env node
// `npm create better-auth-edge [folder] [-- options]`: runs `better-auth-edge init` in the folder.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, ...rest] = process.argv.slice(2);
const hasFolder = folder !== undefined && !folder.startsWith("-");
const options = hasFolder ? ["--directory", folder, ...rest] : process.argv.slice(2);
process.argv = [...process.argv.slice(0, 2), "init", ...options];

const manifest = createRequire(import.meta.url).resolve("better-auth-edge/package.json");
await import(new URL("dist/node/cli.js", pathToFileURL(manifest)).href);
