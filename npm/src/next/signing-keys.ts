// The keys by which the middleware says to the application who is calling.

/** What {@link getUser} needs to know. */
export interface GetUserOptions {
  /** The middleware's `signingKey`; the environment variable `EDGE_SIGNING_KEY` by default. */
  signingKey?: string | object | undefined;
  /** The middleware's `nextSigningKey`; `EDGE_SIGNING_KEY_NEXT` by default. */
  nextSigningKey?: string | object | undefined;
}

/**
 * The keys that sign, from the options or the environment.
 *
 * @internal
 */
export function signingKeys(options: GetUserOptions): GetUserOptions {
  return {
    // an empty variable is an unset one
    signingKey: options.signingKey ?? (process.env.EDGE_SIGNING_KEY || undefined),
    nextSigningKey: options.nextSigningKey ?? (process.env.EDGE_SIGNING_KEY_NEXT || undefined),
  };
}
