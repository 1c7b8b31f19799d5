import { BetterAuthError } from "better-auth";
import { jwt as makePlugin } from "better-auth/plugins/jwt";
import {
  type AuthContext,
  type Endpoint,
  type EndpointContext,
  type JwtOptions,
  type Plugin,
  pluginOf,
  type Row,
  type SessionOfUser,
} from "./better-auth.ts";

/** Better Auth's jwt plugin, whose options both plugins share. */
export class JwtPlugin {
  readonly options: JwtOptions;
  readonly #plugin: Plugin;
  /** Whether `auth.api` calls a function that does not know the options. */
  readonly #hasOldEndpoints: boolean;

  /** @throws {BetterAuthError} if there is no jwt plugin */
  constructor(context: AuthContext) {
    const plugin = pluginOf(context, "jwt");
    if (!plugin) {
      throw new BetterAuthError(
        "better-auth-edge: the jwt plugin is missing. Add jwt() to Better Auth's plugins.",
      );
    }
    this.#hasOldEndpoints = !plugin.options;
    // its endpoints would not see options that it gets later
    if (!plugin.options) Object.assign(plugin, makePlugin({}));
    this.#plugin = plugin;
    this.options = plugin.options as JwtOptions;
  }

  /** The subject that the plugin writes to the tokens of a user. */
  async subject(session: SessionOfUser): Promise<string> {
    return String((await this.options.jwt?.getSubject?.(session)) ?? session.user.id);
  }

  /** The issuer that the plugin writes to tokens. */
  issuer(context: AuthContext): string {
    const { baseURL } = context.options;
    const origin = () => (context.baseURL ? new URL(context.baseURL).origin : "");
    return this.options.jwt?.issuer ?? (typeof baseURL === "string" ? baseURL : origin());
  }

  /** Signs a token as the plugin does. */
  async sign(context: AuthContext, payload: Row): Promise<string> {
    const signed = await this.#endpoint("signJWT")({ body: { payload }, context });
    return (signed as { token: string }).token;
  }

  /** Answers `auth.api.getToken`, where its own function does not know the options. */
  token(endpoint: EndpointContext): Promise<unknown> | undefined {
    if (!this.#hasOldEndpoints || endpoint.request) return undefined;
    const { headers, context } = endpoint;
    return this.#endpoint("getToken")({ headers, context });
  }

  #endpoint(name: string): Endpoint {
    return this.#plugin.endpoints?.[name] as Endpoint;
  }
}

/** The protected header of a token. */
export function headerOf(token: unknown): { alg?: unknown; kid?: unknown; typ?: unknown } {
  return part(token, 0);
}

/** The payload of a token. */
export function payloadOf(token: string): Row {
  return part(token, 1);
}

function part(token: unknown, index: number): Row {
  try {
    const text = String(token).split(".")[index] ?? "";
    const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(
      new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))),
    );
  } catch {
    return {};
  }
}
