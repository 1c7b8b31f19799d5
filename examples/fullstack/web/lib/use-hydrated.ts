import { useSyncExternalStore } from "react";

/** Whether React answers to what people do yet. Before that, the browser would send forms by itself. */
export function useHydrated(): boolean {
  return useSyncExternalStore(
    () => () => {},
    () => true,
    () => false,
  );
}
