// The cases that every host must decide alike.
import { claimCases } from "./cases.claims.ts";
import type { Case } from "./cases.setup.ts";
import { tokenCases } from "./cases.tokens.ts";

export { type Case, published, startKeys } from "./cases.setup.ts";

/** All cases. */
export const cases: Case[] = [...tokenCases, ...claimCases];
