// The parts of Better Auth that the plugin uses, of versions 1.4 to 1.7. Better Auth's own types
// differ between these versions.

/** A row of Better Auth's tables. */
export type Row = Record<string, unknown>;

/** A session and its user, as `definePayload` of the jwt plugin receives them. */
export interface SessionOfUser {
  session: Row & { id: string };
  user: Row & { id: string };
}

/** A condition of a query. */
export interface Where {
  field: string;
  value: unknown;
  operator?: string;
}

/** The database. */
export interface Adapter {
  findOne(query: { model: string; where: Where[] }): Promise<Row | null>;
  findMany(query: { model: string; where?: Where[] }): Promise<Row[]>;
  updateMany(query: { model: string; where: Where[]; update: Row }): Promise<number>;
}

/** Where Better Auth keeps sessions in place of the database. */
export interface SecondaryStorage {
  get(key: string): unknown;
  delete(key: string): unknown;
}

/** The options of the jwt plugin. */
export interface JwtOptions {
  adapter?: { getJwks?: (context: unknown) => Promise<Row[] | null | undefined> };
  jwks?: { disablePrivateKeyEncryption?: boolean; keyPairConfig?: { alg?: string } };
  jwt?: {
    issuer?: string;
    definePayload?: (session: SessionOfUser) => unknown;
    getSubject?: (session: SessionOfUser) => unknown;
    sign?: (payload: Row, header?: Row) => unknown;
  };
}

/** A plugin in Better Auth's options. */
export interface Plugin {
  id: string;
  options?: unknown;
  endpoints?: Record<string, unknown>;
}

/** Better Auth's context. */
export interface AuthContext {
  options: {
    baseURL?: unknown;
    plugins?: Plugin[];
    secondaryStorage?: SecondaryStorage;
    emailAndPassword?: { enabled?: boolean; revokeSessionsOnPasswordReset?: boolean };
  };
  baseURL: string;
  secret: string;
  secretConfig?: unknown;
  adapter: Adapter;
  internalAdapter: { findUserById(id: string): Promise<(Row & { id: string }) | null> };
  logger: Record<"error" | "warn" | "info", (message: string, ...more: unknown[]) => void>;
  runInBackground?: (task: Promise<unknown>) => void;
}

/** The context of a request to an endpoint. */
export interface EndpointContext {
  context: AuthContext & { returned?: unknown };
  path?: string;
  headers?: Headers;
  body?: Row;
  json(body: unknown): unknown;
}

/** The jwt plugin's options, which both plugins share. */
export function jwtOptionsOf(context: AuthContext): JwtOptions {
  const jwt = pluginOf(context, "jwt");
  if (!jwt) throw new Error("better-auth-edge: add Better Auth's jwt plugin beside this one");
  if (typeof jwt.options !== "object" || jwt.options === null) {
    throw new Error("better-auth-edge: write jwt({}) in place of jwt(), so that tokens get claims");
  }
  return jwt.options;
}

/** The plugin with that id, if there is one. */
export function pluginOf(context: AuthContext, id: string): Plugin | undefined {
  return context.options.plugins?.find((plugin) => plugin.id === id);
}

/** The issuer that the jwt plugin writes to tokens. */
export function issuerOf(context: AuthContext, jwt: JwtOptions): string {
  const { baseURL } = context.options;
  return (
    jwt.jwt?.issuer ?? (typeof baseURL === "string" ? baseURL : new URL(context.baseURL).origin)
  );
}

/** The subject that the jwt plugin writes to the tokens of a user. */
export async function subjectOf(jwt: JwtOptions, session: SessionOfUser): Promise<string> {
  return String((await jwt.jwt?.getSubject?.(session)) ?? session.user.id);
}
