"use client";

import { authClient } from "../../lib/auth-client";
import { useHydrated } from "../../lib/use-hydrated";

export function SignOut() {
  const hydrated = useHydrated();
  async function signOut() {
    await authClient.signOut();
    location.assign("/");
  }
  return (
    <button type="button" disabled={!hydrated} onClick={signOut}>
      Sign out
    </button>
  );
}
