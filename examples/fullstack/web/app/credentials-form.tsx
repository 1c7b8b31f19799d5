"use client";

import { type FormEvent, useState } from "react";
import { authClient } from "../lib/auth-client";
import { useHydrated } from "../lib/use-hydrated";

/** Signs a user in, or up with `asksName`, and then opens `to`, a path of this site. */
export function CredentialsForm({ to, asksName = false }: { to: string; asksName?: boolean }) {
  const [message, setMessage] = useState("");
  const [busy, setBusy] = useState(false);
  const hydrated = useHydrated();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name));
    const credentials = { email: text("email"), password: text("password") };
    const { error } = asksName
      ? await authClient.signUp.email({ ...credentials, name: text("name") })
      : await authClient.signIn.email(credentials);
    if (!error) return location.assign(to);
    setMessage(error.message ?? "The request failed.");
    setBusy(false);
  }

  return (
    <form method="post" onSubmit={submit}>
      {asksName && (
        <label>
          Name
          <input name="name" autoComplete="name" required />
        </label>
      )}
      <label>
        Email
        <input name="email" type="email" autoComplete="email" required />
      </label>
      <label>
        Password
        <input
          name="password"
          type="password"
          minLength={8}
          autoComplete={asksName ? "new-password" : "current-password"}
          required
        />
      </label>
      {message && <p role="alert">{message}</p>}
      <button type="submit" disabled={busy || !hydrated}>
        {asksName ? "Sign up" : "Sign in"}
      </button>
    </form>
  );
}
