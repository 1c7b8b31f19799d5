import type { HttpResponse } from "../http.ts";
import { printable } from "../terminal.ts";
import type { Deployment } from "./deployment.ts";
import { type Finding, findings } from "./finding.ts";

/**
 * Checks that CORS allows the given origin, and not every origin.
 *
 * @param origin the origin of the pages that call the API, if the operator named it
 */
export async function checkCors(
  deployment: Deployment,
  origin: string | undefined,
): Promise<Finding[]> {
  const { ok, warning, failure } = findings("cors");
  const unknown = await preflight(deployment, UNKNOWN_ORIGIN);
  const found: Finding[] = [];
  if (allows(unknown, UNKNOWN_ORIGIN)) {
    const withCookies = unknown.headers.get("access-control-allow-credentials") === "true";
    const cure =
      "List your pages' origins in CORS_ORIGINS, or in the origin server if it handles preflights.";
    found.push(
      withCookies
        ? failure(
            "pages of every origin may call the API and read the responses, with the user's cookies",
            cure,
          )
        : warning("pages of every origin may call the API, if they have a token", cure),
    );
  } else {
    found.push(ok("pages of an unknown origin may not call the API"));
  }
  if (origin === undefined) return found;

  const response = await preflight(deployment, origin);
  const cure = `CORS_ORIGINS = "${origin}", and the page's methods and headers in CORS_METHODS and CORS_HEADERS.`;
  if (!allows(response, origin)) {
    const text = `pages of ${origin} may not call the API: ${describePreflight(response)}`;
    found.push(failure(text, cure));
  } else if (!allowsToken(response)) {
    const text = `pages of ${origin} may call the API, but not send Authorization`;
    found.push(failure(text, cure));
  } else {
    found.push(ok(`pages of ${origin} may call the API with a token`));
  }
  return found;
}

/** A host that cannot exist (RFC 2606). */
const UNKNOWN_ORIGIN = "https://doctor.invalid";

function preflight(deployment: Deployment, origin: string): Promise<HttpResponse> {
  const headers = {
    origin,
    "access-control-request-method": "GET",
    "access-control-request-headers": "authorization",
  };
  return deployment.request(deployment.path, { method: "OPTIONS", headers });
}

function allows({ status, headers }: HttpResponse, origin: string): boolean {
  const allowed = headers.get("access-control-allow-origin");
  return status >= 200 && status < 300 && (allowed === "*" || allowed === origin);
}

/** Whether the list names `Authorization`: `*` does not include it (Fetch Standard). */
function allowsToken({ headers }: HttpResponse): boolean {
  const allowed = headers.get("access-control-allow-headers") ?? "";
  return allowed.split(",").some((name) => name.trim().toLowerCase() === "authorization");
}

function describePreflight({ status, headers }: HttpResponse): string {
  const allowed = headers.get("access-control-allow-origin");
  if (allowed !== null) return `the preflight allows ${printable(allowed)}`;
  return `the response to the preflight is ${status} and allows no origin`;
}
