import { fileURLToPath } from "node:url";
import type { NextConfig } from "next";

const authURL = process.env.BETTER_AUTH_URL ?? "http://127.0.0.1:3000";

// the packages are those of the whole checkout
const root = fileURLToPath(new URL("../../..", import.meta.url));

const config: NextConfig = {
  turbopack: { root },
  outputFileTracingRoot: root,
  // Better Auth's cookies are this site's, and no browser asks another one.
  rewrites: async () => [{ source: "/api/auth/:path*", destination: `${authURL}/api/auth/:path*` }],
};

export default config;
