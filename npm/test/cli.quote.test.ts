/** Texts as words of a shell and as strings of TOML keep their values. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { parse } from "smol-toml";
import { shellLine, shellWord, tomlString } from "../src/cli/quote.ts";
import { NASTY } from "./nasty.ts";

/** Each text alone, between letters, and beside each other. */
const TEXTS = [
  ...NASTY,
  ...NASTY.map((text) => `a${text}b`),
  ...NASTY.flatMap((text) => NASTY.map((other) => text + other)),
];

test("a word of a shell has the value of the text", () => {
  // a newline at the end stays, because printf writes a NUL after each word
  const words = TEXTS.filter((text) => !text.includes("\0")).map(shellWord);
  const output = execFileSync("sh", ["-c", `printf '%s\\0' ${words.join(" ")}`], {
    encoding: "utf8",
  });
  assert.deepEqual(
    output.split("\0").slice(0, -1),
    TEXTS.filter((text) => !text.includes("\0")),
  );
});

test("a command line has the words that it is made of", () => {
  const words = ["printf", "%s\\n", "a b", "$(id)", ""];
  const output = execFileSync("sh", ["-c", shellLine(words)], { encoding: "utf8" });
  assert.equal(output, "a b\n$(id)\n\n");
});

test("a string of TOML has the value of the text", () => {
  for (const text of TEXTS) {
    const { a, b } = parse(`a = ${tomlString(text)} # c\nb = 1\n`);
    assert.deepEqual([a, b], [text, 1]);
  }
});
