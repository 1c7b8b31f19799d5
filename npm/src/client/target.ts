/** Where a call goes: below the base URL, or nowhere. */
import { ApiError } from "./error.ts";

/** The API's base URL; one that is relative counts from the page. */
export class Base {
  readonly #origin: string;
  /** With a slash at the end. */
  readonly #path: string;

  /** @throws {TypeError} if it is no http(s) URL, or says more than where the API is. */
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
   * The URL to call. `/tasks` and `tasks` are both below the base URL's path; absolute URLs are taken
   * as they are.
   *
   * @throws {ApiError} `foreign_url` if it is not below the base URL: only there the token may go.
   */
  resolve(input: string | URL): URL {
    const text = String(input);
    const isAbsolute = /^[a-z][a-z0-9+.-]*:/i.test(text);
    const absolute = isAbsolute ? text : this.#origin + this.#path + text.replace(/^\//, "");
    const url = URL.canParse(absolute) ? new URL(absolute) : undefined;
    if (url && this.#holds(url)) return url;
    throw new ApiError({
      code: "foreign_url",
      status: 0,
      message: `The URL is not below ${this.#origin}${this.#path}, so it gets no token`,
    });
  }

  #holds({ origin, pathname, username, password }: URL): boolean {
    const isBelow = `${pathname}/`.startsWith(this.#path);
    return origin === this.#origin && isBelow && !username && !password;
  }
}
