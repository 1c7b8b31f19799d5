/** A user's token and the options that accept it, for tests of `verifyRequest`. */
import { newSigner, token } from "./tokens.ts";

/** The URL of an auth server that does not run: the tests pass its keys as `jwks` or by `fetch`. */
export const AUTH = "https://auth.example";

/** The auth server's key. */
export const signer = newSigner("ES256");

/** The current time in seconds since 1970. */
export const now = Math.floor(Date.now() / 1000);

/** The claims of a valid token for the user `user-1`. */
export const claims = { iss: AUTH, aud: AUTH, sub: "user-1", iat: now, exp: now + 600 };

/** The `Authorization` header of that user. */
export const authorization = `Bearer ${token(signer, claims)}`;

/** Options of a verifier that accepts the token. */
export const verifierOptions = { baseURL: AUTH, jwks: { keys: [signer.jwk] } };
