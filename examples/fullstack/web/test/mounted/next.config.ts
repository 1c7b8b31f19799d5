import { fileURLToPath } from "node:url";
import type { NextConfig } from "next";

const root = fileURLToPath(new URL("../../..", import.meta.url));

const config: NextConfig = {
  turbopack: { root },
  outputFileTracingRoot: root,
  basePath: "/app",
  trailingSlash: true,
  rewrites: async () => [
    { source: "/api/auth/:path*", destination: `${process.env.BETTER_AUTH_URL}/api/auth/:path*` },
  ],
};

export default config;
