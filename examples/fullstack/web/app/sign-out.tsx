"use client";

import { useEffect, useState } from "react";
import { authClient } from "../lib/auth-client";

/** Signs the user out from any page. Without a session it offers a sign-in. */
export function SignOut() {
  const [name, setName] = useState<string | null>();

  useEffect(() => {
    // if Better Auth is down, the navigation shows neither
    const show = ({ data }: { data: { user: { name: string } } | null }) =>
      setName(data?.user.name ?? null);
    authClient.getSession().then(show, () => {});
  }, []);

  async function signOut() {
    await authClient.signOut();
    location.assign("/");
  }

  if (name === undefined) return <span className="account" />;
  if (name === null) {
    return (
      <span className="account">
        <a href="/sign-in">Sign in</a>
      </span>
    );
  }
  return (
    <span className="account">
      <span className="name">{name}</span>
      <button type="button" className="quiet" onClick={signOut}>
        Sign out
      </button>
    </span>
  );
}
