import { fileURLToPath } from "node:url";
import type { NextConfig } from "next";

const authURL = process.env.BETTER_AUTH_URL ?? "http://127.0.0.1:3000";

// the checkout's root contains node_modules
const root = fileURLToPath(new URL("../../..", import.meta.url));

const config: NextConfig = {
  turbopack: { root },
  outputFileTracingRoot: root,
  // Better Auth's cookies belong to this site, and the browser sends no request to another site
  rewrites: async () => [{ source: "/api/auth/:path*", destination: `${authURL}/api/auth/:path*` }],
};

export default config;
