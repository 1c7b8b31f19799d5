import { useSyncExternalStore } from "react";

/** Whether React handles events. Before hydration, the browser submits forms itself. */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    () => () => {},
    () => true,
    () => false,
  );
}
