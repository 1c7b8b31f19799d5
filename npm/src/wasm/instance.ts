import { bind } from "#bindings";
import { EdgeAuthError } from "../error.ts";
import type { Glue, WaitUntil } from "./glue.ts";

/**
 * Starts an instance of the wasm, with glue of its own.
 *
 * @param waitUntil the runtime's own, if it has one
 * @internal
 */
export async function start(
  module: WebAssembly.Module,
  waitUntil: WaitUntil = ignoreFailure,
): Promise<Glue> {
  const { imports, start, ...functions } = bind();
  const { exports } = await WebAssembly.instantiate(module, imports);
  const state = new State();
  start({ exports: guarded(exports, state) });
  return Object.assign(state, functions, { waitUntil });
}

/** A task fails only if the wasm traps, and Node would end the process because of it. */
function ignoreFailure(task: Promise<unknown>): void {
  task.catch(() => {});
}

/** Whether an instance has trapped. */
class State {
  hasTrapped = false;
  cause: unknown;

  error(): EdgeAuthError {
    const message = "the wasm has trapped, and the next call starts it again";
    return new EdgeAuthError("edge_unavailable", 503, message, {
      cause: this.cause,
      retryAfter: 1,
    });
  }
}

/**
 * The exports of an instance, which cannot be called after a trap: its memory may be in any state.
 */
function guarded(exports: WebAssembly.Exports, state: State): WebAssembly.Exports {
  const members = Object.entries(exports).map(([name, member]) => {
    if (typeof member !== "function") return [name, member];
    return [name, RELEASING.test(name) ? releasing(member, state) : calling(member, state)];
  });
  return Object.fromEntries(members);
}

// biome-ignore lint/complexity/noBannedTypes: the type of TypeScript's own declarations
function calling(call: Function, state: State) {
  return (...args: unknown[]): unknown => {
    if (state.hasTrapped) throw state.error();
    let result: unknown;
    try {
      result = call(...args);
    } catch (error) {
      // Without a call, which would fail where the stack has overflowed. By name: the error may be
      // of another realm. Errors of other names are those of the caller's objects.
      const name = (error as Error | undefined)?.name;
      if (name === "RuntimeError" || name === "RangeError" || name === FIREFOX_OVERFLOW) {
        state.hasTrapped = true;
        state.cause ??= error;
      }
      throw state.hasTrapped ? state.error() : error;
    }
    // JavaScript that the wasm has called can have caught the trap of a call back
    if (state.hasTrapped) throw state.error();
    return result;
  };
}

const FIREFOX_OVERFLOW = "InternalError";

/** The exports that release memory. The garbage collector calls them, and no caller catches. */
const RELEASING = /^__wbg_\w+_free$|^__wbindgen_destroy_closure$/;

// biome-ignore lint/complexity/noBannedTypes: the type of TypeScript's own declarations
function releasing(release: Function, state: State) {
  const call = calling(release, state);
  return (...args: unknown[]): void => {
    try {
      if (!state.hasTrapped) call(...args);
    } catch {
      // a trap is in the state
    }
  };
}
