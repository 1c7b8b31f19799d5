// The edge's own responses: problem details (RFC 9457) with a challenge (RFC 6750, section 3), the
// same as this project's Worker sends.

/** @typedef {{ status: number, title: string, detail: string, challenge?: string }} Problem */

/**
 * @param {string} code
 * @param {string} [detail] instead of the code's own
 */
export function problem(code, detail) {
  const { status, title, detail: usual, challenge } = PROBLEMS[code];
  const id = crypto.randomUUID();
  const body = JSON.stringify({
    type: `tag:better-auth-edge,2026:errors#${code}`,
    title,
    status,
    code,
    detail: detail ?? usual,
    request_id: id,
  });
  const headers = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-request-id": id,
  };
  if (challenge) headers["www-authenticate"] = challenge;
  return new Response(body, { status, headers });
}

/** @param {string} title */
function invalidToken(title) {
  return `Bearer realm="better-auth-edge", error="invalid_token", error_description="${title}"`;
}

/**
 * @param {string} title
 * @param {string} detail
 * @returns {Problem}
 */
function unauthorized(title, detail) {
  return { status: 401, title, detail, challenge: invalidToken(title) };
}

/** @type {Record<string, Problem>} */
const PROBLEMS = {
  ambiguous_path: {
    status: 400,
    title: "The path is ambiguous",
    detail: "the edge and the origin could read the path differently",
  },
  missing_token: {
    status: 401,
    title: "A token is required",
    detail: 'send a Better Auth JWT as "Authorization: Bearer <token>"; /api/auth/token issues one',
    challenge: 'Bearer realm="better-auth-edge"',
  },
  malformed_token: unauthorized("The token is malformed", "the token is malformed"),
  unknown_key: unauthorized(
    "The signing key is not known",
    "no usable key of the auth server's JWK Set fits the token: it comes from another server, or the key has been removed",
  ),
  bad_signature: unauthorized(
    "The signature is not valid",
    "the signature does not fit the token and the auth server's key: one of them was changed",
  ),
  expired: unauthorized("The token has expired", "the token has expired"),
  invalid_claim: unauthorized("A claim is not valid", "a claim is not valid"),
  user_mismatch: {
    status: 403,
    title: "This path belongs to another user",
    detail: "the path is not that of the token's user",
  },
  origin_timeout: {
    status: 504,
    title: "The origin did not answer in time",
    detail: "the origin did not begin to answer in time",
  },
};
