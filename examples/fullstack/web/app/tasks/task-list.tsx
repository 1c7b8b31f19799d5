"use client";

import { type FormEvent, useCallback, useEffect, useState } from "react";
import { useHydrated } from "../../lib/use-hydrated";

interface Task {
  id: number;
  title: string;
}

/** The tasks of the signed-in user. The edge rejects requests for another user's. */
export function TaskList({ userId }: { userId: string }) {
  const [tasks, setTasks] = useState<Task[]>();
  const [message, setMessage] = useState("");
  const hydrated = useHydrated();
  const url = `/api/${userId}/tasks`;

  const load = useCallback(async () => {
    const response = await fetch(url);
    if (response.ok) setTasks(await response.json());
    else setMessage((await response.json()).detail);
  }, [url]);

  useEffect(() => {
    load();
  }, [load]);

  async function add(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const body = JSON.stringify({ title: new FormData(form).get("title") });
    const headers = { "content-type": "application/json" };
    const response = await fetch(url, { method: "POST", headers, body });
    if (!response.ok) return setMessage((await response.json()).detail);
    form.reset();
    await load();
  }

  return (
    <>
      <form method="post" onSubmit={add}>
        <label>
          New task
          <input name="title" required maxLength={200} />
        </label>
        <button type="submit" disabled={!hydrated}>
          Add
        </button>
      </form>
      {message && <p role="alert">{message}</p>}
      {tasks === undefined ? <p>Loading…</p> : null}
      <ul aria-label="Tasks">
        {tasks?.map((task) => (
          <li key={task.id}>{task.title}</li>
        ))}
      </ul>
    </>
  );
}
