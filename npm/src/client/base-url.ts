import { ApiError } from "./error.ts";

/**
 * The API's base URL, which bounds where the token may go.
 *
 * @internal
 */
export class BaseURL {
  readonly #origin: string;
  /** Ends with a slash. */
  readonly #path: string;

  /**
   * @param baseURL an http(s) URL; in a browser, a relative one resolves against the page
   * @throws {TypeError} if it is not an http(s) URL, or has a user, a password, a query or a
   *   fragment
   */
  constructor(baseURL: string | URL) {
    const page = globalThis.location?.href;
    if (!URL.canParse(baseURL, page)) throw new TypeError(`baseURL is not a URL: ${baseURL}`);
    const url = new URL(baseURL, page);
    if (!/^https?:$/.test(url.protocol)) throw new TypeError("baseURL is not an http(s) URL");
    if (url.username || url.password) throw new TypeError("baseURL has a user or a password");
    if (url.search || url.hash) throw new TypeError("baseURL has a query or a fragment");
    this.#origin = url.origin;
    this.#path = url.pathname.replace(/\/?$/, "/");
  }

  /**
   * Resolves the URL of a request. `/tasks` and `tasks` both resolve below the base URL's path; an
   * absolute URL is used as it is.
   *
   * @throws {ApiError} `foreign_url` if the URL is not below the base URL, where the token must not
   *   go
   */
  resolve(input: string | URL): URL {
    const text = String(input);
    const isAbsolute = /^[a-z][a-z0-9+.-]*:/i.test(text);
    const absolute = isAbsolute ? text : this.#origin + this.#path + text.replace(/^\//, "");
    const url = URL.canParse(absolute) ? new URL(absolute) : undefined;
    if (url && this.#contains(url)) return url;
    throw new ApiError({
      code: "foreign_url",
      status: 0,
      message: `The URL is not below ${this.#origin}${this.#path}, so the token is not sent to it`,
    });
  }

  #contains({ origin, pathname, username, password }: URL): boolean {
    const isBelow = `${pathname}/`.startsWith(this.#path);
    return origin === this.#origin && isBelow && !username && !password;
  }
}
