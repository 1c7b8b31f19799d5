/** Options of {@link getUser}: the keys that the middleware signs with. */
export interface GetUserOptions {
  /**
   * The middleware's `signingKey`: a private JWK (Ed25519) as an object or as JSON text. Default:
   * the environment variable `EDGE_SIGNING_KEY`.
   */
  signingKey?: string | object | undefined;
  /**
   * The middleware's `nextSigningKey`. Default: the environment variable `EDGE_SIGNING_KEY_NEXT`.
   */
  nextSigningKey?: string | object | undefined;
}

/**
 * The signing keys, from the options or the environment.
 *
 * @internal
 */
export function signingKeys(options: GetUserOptions): GetUserOptions {
  return {
    // an empty variable counts as unset
    signingKey: options.signingKey ?? (process.env.EDGE_SIGNING_KEY || undefined),
    nextSigningKey: options.nextSigningKey ?? (process.env.EDGE_SIGNING_KEY_NEXT || undefined),
  };
}
