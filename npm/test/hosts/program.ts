// The judge as a program: cases on standard input, outcomes on standard output.
import { readFileSync } from "node:fs";
import { judge } from "./judge.ts";

const { cases, keys } = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await judge(cases, keys)));
