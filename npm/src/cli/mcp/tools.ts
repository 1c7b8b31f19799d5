import type { AllowedOrigins } from "./allowed-origins.ts";
import { doctorTool } from "./doctor.ts";
import { explainTool } from "./explain.ts";
import { jwksTool } from "./jwks.ts";
import type { Tool } from "./tool.ts";
import { verifyTool } from "./verify.ts";

/** All tools, in the order in which clients list them. */
export function tools(origins: AllowedOrigins): Tool[] {
  return [verifyTool(origins), jwksTool(origins), doctorTool(origins), explainTool];
}
