import { fileURLToPath } from "node:url";
import type { NextConfig } from "next";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const auth = process.env.BETTER_AUTH_URL;

/** The options of create-next-app. */
const config: NextConfig = {
  turbopack: { root },
  outputFileTracingRoot: root,
  cacheComponents: true,
  partialPrefetching: true,
  rewrites: async () => [{ source: "/api/auth/:path*", destination: `${auth}/api/auth/:path*` }],
};

export default config;
