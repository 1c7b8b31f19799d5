// The judge as a global, for hosts that run scripts.
import { judge } from "./judge.ts";

Object.assign(globalThis, { judge });
