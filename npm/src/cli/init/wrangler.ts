/** The version of Node that wrangler requires. */
export const NODE_FOR_WRANGLER = "22.12";

/** Whether wrangler runs on the Node that runs this program. */
export function canRunWrangler(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major > 22 || (major === 22 && minor >= 12);
}

/**
 * The program that runs the Worker on this machine: `wrangler dev`, or `better-auth-edge dev` where
 * wrangler cannot run. The latter needs the package workerd, and cannot serve https.
 *
 * @param edge the URL of the edge on this machine
 */
export function runner(edge: string): "wrangler" | "better-auth-edge" {
  return canRunWrangler() || edge.startsWith("https:") ? "wrangler" : "better-auth-edge";
}
