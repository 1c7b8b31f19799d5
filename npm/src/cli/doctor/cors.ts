/** May pages of other origins call, the right ones and no others? */
import { printable } from "../terminal.ts";
import type { Answer, Deployment } from "./deployment.ts";
import { type Finding, findings } from "./finding.ts";

/** @param page the origin of the pages that should be able to call, if it is known */
export async function checkCors(deployment: Deployment, page: URL | undefined): Promise<Finding[]> {
  const { ok, warning, failure } = findings("cors");
  const stranger = await preflight(deployment, STRANGER);
  const found: Finding[] = [];
  if (allows(stranger, STRANGER)) {
    const withCookies = stranger.headers.get("access-control-allow-credentials") === "true";
    const cure =
      "Name your pages' origins in CORS_ORIGINS, or have the origin do so if it answers preflights.";
    found.push(
      withCookies
        ? failure(
            "pages of every origin may call, and read the answers, with the user's cookies",
            cure,
          )
        : warning("pages of every origin may call, if they have a token", cure),
    );
  } else {
    found.push(ok("pages of an unknown origin may not call"));
  }
  if (!page) return found;

  const wanted = await preflight(deployment, page.origin);
  const cure = `CORS_ORIGINS = "${page.origin}", and what the page sends in CORS_METHODS and CORS_HEADERS.`;
  if (!allows(wanted, page.origin)) {
    found.push(failure(`pages of ${page.origin} may not call: ${whatIsSaid(wanted)}`, cure));
  } else if (!allowsToken(wanted)) {
    found.push(failure(`pages of ${page.origin} may call, but not send Authorization`, cure));
  } else {
    found.push(ok(`pages of ${page.origin} may call with a token`));
  }
  return found;
}

/** A name that nobody can have (RFC 2606). */
const STRANGER = "https://doctor.invalid";

function preflight(deployment: Deployment, origin: string): Promise<Answer> {
  const headers = {
    origin,
    "access-control-request-method": "GET",
    "access-control-request-headers": "authorization",
  };
  return deployment.ask(deployment.path, { method: "OPTIONS", headers });
}

function allows({ status, headers }: Answer, origin: string): boolean {
  const allowed = headers.get("access-control-allow-origin");
  return status >= 200 && status < 300 && (allowed === "*" || allowed === origin);
}

/** By the Fetch Standard `*` does not stand for `Authorization`. */
function allowsToken({ headers }: Answer): boolean {
  const allowed = headers.get("access-control-allow-headers") ?? "";
  return allowed.split(",").some((name) => name.trim().toLowerCase() === "authorization");
}

function whatIsSaid({ status, headers }: Answer): string {
  const allowed = headers.get("access-control-allow-origin");
  if (allowed !== null) return `the preflight allows ${printable(allowed)}`;
  return `the preflight is answered with ${status} and allows nobody`;
}
