/** The project cannot be changed as asked. The message says what to do; nothing was written. */
export class InitError extends Error {
  override name = "InitError";
}
