import type { Case } from "../cases.ts";
import { judge, type Outcome } from "./judge.ts";

/** In this process. */
export function onNode(cases: Case[], keys: string): Promise<Outcome[][]> {
  return judge(cases, keys);
}
