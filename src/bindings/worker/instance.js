// The instance of the wasm. worker-build counts instances and makes the next one.

/**
 * Marks the instance as unusable: it has trapped, so its memory can be inconsistent. The next
 * request makes a new one. Until then, calls of this one throw.
 */
export function trapped() {
  globalThis.__worker_init_state.criticalError = true;
}
