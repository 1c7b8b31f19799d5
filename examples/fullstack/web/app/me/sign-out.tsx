"use client";

import { authClient } from "../../lib/auth-client";

export function SignOut() {
  async function signOut() {
    await authClient.signOut();
    location.assign("/");
  }
  return (
    <button type="button" onClick={signOut}>
      Sign out
    </button>
  );
}
