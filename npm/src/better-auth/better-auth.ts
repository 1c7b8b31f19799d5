// The parts of Better Auth that the plugin uses, of versions 1.3 to 1.7. Better Auth's own types
// differ between these versions.

/** A row of Better Auth's tables. */
export type Row = Record<string, unknown>;

/** A row of the table of users. */
export type User = Row & { id: string };

/** A session and its user, as `definePayload` of the jwt plugin receives them. */
export interface SessionOfUser {
  session: Row & { id: string };
  user: User;
}

/** A condition of a query. */
export interface Where {
  field: string;
  value: unknown;
}

/** The database. */
export interface Adapter {
  findOne(query: { model: string; where: Where[] }): Promise<Row | null>;
  findMany(query: { model: string; where?: Where[]; limit?: number }): Promise<Row[]>;
  update(query: { model: string; where: Where[]; update: Row }): Promise<Row | null>;
  updateMany(query: { model: string; where: Where[]; update: Row }): Promise<unknown>;
}

/** Where Better Auth keeps sessions in place of the database, or in front of it. */
export interface SecondaryStorage {
  get(key: string): unknown;
  delete(key: string): unknown;
}

/** The options of the jwt plugin. */
export interface JwtOptions {
  adapter?: { getJwks?: (endpoint: unknown) => Promise<Row[] | null | undefined> };
  jwks?: { disablePrivateKeyEncryption?: boolean };
  jwt?: {
    issuer?: string;
    definePayload?: (session: SessionOfUser) => unknown;
    getSubject?: (session: SessionOfUser) => unknown;
    sign?: (payload: Row, header?: Row) => unknown;
  };
}

/** A function of a plugin that answers a request, or a call of `auth.api`. */
export type Endpoint = (input: unknown) => Promise<unknown>;

/** A plugin in Better Auth's options. */
export interface Plugin {
  id: string;
  options?: unknown;
  endpoints?: Record<string, unknown>;
  hooks?: { before?: Hook[] };
}

/** A function that Better Auth calls before or after endpoints. */
export interface Hook {
  matcher: (endpoint: EndpointContext) => boolean | undefined;
  handler: (endpoint: EndpointContext) => Promise<unknown>;
}

/** Better Auth's context. */
export interface AuthContext {
  /** Absent in Better Auth 1.3. */
  version?: string;
  options: {
    baseURL?: unknown;
    plugins?: Plugin[];
    secondaryStorage?: SecondaryStorage;
    user?: { additionalFields?: Record<string, { defaultValue?: unknown }> };
  };
  baseURL: string;
  secret: string;
  secretConfig?: unknown;
  authCookies: { sessionToken: { name: string } };
  adapter: Adapter;
  internalAdapter: InternalAdapter;
  logger: Record<"error" | "warn", (message: string, ...more: unknown[]) => void>;
  runInBackground?: (task: Promise<unknown>) => void;
}

/** The operations on users and sessions. */
export interface InternalAdapter {
  findUserById(id: string): Promise<User | null>;
  /** Since Better Auth 1.6. */
  deleteUserSessions?(userId: string): Promise<void>;
  /** Takes tokens; until Better Auth 1.5 also a user's id. */
  deleteSessions(tokensOrUserId: string | string[]): Promise<void>;
  /** Since Better Auth 1.5. */
  refreshUserSessions?(user: Row): Promise<void>;
}

/** The context of a request to an endpoint. */
export interface EndpointContext {
  context: AuthContext & { returned?: unknown; session?: SessionOfUser | null };
  path?: string | undefined;
  request?: Request | undefined;
  headers?: Headers | undefined;
  body?: Row | undefined;
  json(body: unknown): unknown;
}

/** The plugin with that id, if there is one. */
export function pluginOf(context: AuthContext, id: string): Plugin | undefined {
  return context.options.plugins?.find((plugin) => plugin.id === id);
}

/** The current time in seconds since 1970. */
export function now(): number {
  return Date.now() / 1000;
}

/** A time of a row, which stores return as dates or as text, in seconds since 1970. */
export function seconds(time: unknown): number | undefined {
  const milliseconds = time instanceof Date ? time.getTime() : Date.parse(String(time));
  return Number.isFinite(milliseconds) ? milliseconds / 1000 : undefined;
}
