import type { Case } from "../cases.ts";
import { judge, type Outcome } from "./judge.ts";

/** Runs the cases in this process. */
export function onNode(cases: Case[], keys: string): Promise<Outcome[][]> {
  return judge(cases, keys);
}
