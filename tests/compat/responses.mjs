/** Records the servers' responses for a verifier without a network. */
import { without } from "./cases.mjs";

const keySets = new Map();

/** The JWK Set of a case, and the response of the session exchange for each step's cookies. */
export async function responsesTo({ settings, steps }) {
  const base = baseURL(settings);
  const url = settings.JWKS_URL ?? `${base}/jwks`;
  if (!keySets.has(url)) keySets.set(url, await fetched(url));
  const exchangeURL = `${base}/token`;
  const exchange = [];
  for (const { headers } of steps) {
    // the edge does not forward a cookie cache, which could be another session's
    const cookie = headers.cookie && without(headers.cookie, (pair) => /session_data/.test(pair));
    const isExchanged = cookie && settings.SESSION_EXCHANGE;
    exchange.push(
      isExchanged
        ? await fetched(`${exchangeURL}?disableRefresh=true`, { headers: { cookie } })
        : null,
    );
  }
  return { url, keySet: keySets.get(url), exchangeURL, exchange };
}

function baseURL({ BETTER_AUTH_URL: url, BETTER_AUTH_BASE_PATH: path }) {
  if (path) return `${url}${path === "/" ? "" : path}`;
  return new URL(url).pathname === "/" ? `${url}/api/auth` : url;
}

async function fetched(url, options) {
  const response = await fetch(url, options);
  return { status: response.status, body: await response.text() };
}
