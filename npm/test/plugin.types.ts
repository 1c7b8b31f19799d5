// Compiled, not run: the plugin's types fit those of Better Auth.
import { type BetterAuthPlugin, betterAuth } from "better-auth";
import { jwt } from "better-auth/plugins";
import { edge } from "better-auth-edge/better-auth";

export const plugins: BetterAuthPlugin[] = [edge(), edge({ uuid: true, edgeURL: ["a", "b"] })];

export const auth = betterAuth({
  plugins: [jwt(), edge({ edgeURL: "https://edge.example.com", uuid: { field: "publicId" } })],
});

/** Users have a uuid. */
export const withUuid = betterAuth({ plugins: [jwt(), edge({ uuid: true })] });
export type Uuid = (typeof withUuid.$Infer.Session)["user"]["uuid"] & string;

/** The functions of the other plugins keep their types. */
export const token: Promise<{ token: string }> = auth.api.getToken({ headers: new Headers() });

// @ts-expect-error: an option that does not exist
edge({ edgeUrl: "https://edge.example.com" });
