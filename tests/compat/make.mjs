/**
 * Makes the cases of one version of Better Auth with the real library:
 *
 *     node --experimental-import-meta-resolve make.mjs <directory of the install> <version>
 *
 * Writes the cases to standard output as one line of JSON. The servers run until the program's
 * standard input closes.
 */
import { load } from "./better-auth.mjs";
import { Cases } from "./cases.mjs";
import { responsesTo } from "./responses.mjs";
import * as keys from "./scenarios/keys.mjs";
import * as oauth from "./scenarios/oauth.mjs";
import * as plugins from "./scenarios/plugins.mjs";
import * as sessions from "./scenarios/sessions.mjs";
import * as tokens from "./scenarios/tokens.mjs";

const [directory, version] = process.argv.slice(2);
const minor = version.split(".").slice(0, 2).join(".");
const library = await load(directory, version);
const cases = new Cases(version);
const options = [];

for (const scenarios of [tokens, keys, sessions, plugins, oauth]) {
  for (const { option, versions, run } of scenarios.default) {
    const exists = versions.includes(minor);
    options.push({ option, exists });
    if (exists) await run(cases.of(option, library));
  }
}

for (const one of cases.all) one.responses = await responsesTo(one);

process.stdin.once("end", () => process.exit(0)).resume();
console.log(JSON.stringify({ version, options, cases: cases.all }));
