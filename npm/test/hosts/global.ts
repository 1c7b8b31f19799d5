// Where a host takes a script and no more: the judge as a global.
import { judge } from "./judge.ts";

Object.assign(globalThis, { judge });
