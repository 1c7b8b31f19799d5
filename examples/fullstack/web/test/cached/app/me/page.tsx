import { getUser } from "better-auth-edge/next";
import { headers } from "next/headers";
import { Suspense } from "react";

export default function Me() {
  return (
    <main>
      <h1>Me</h1>
      <Suspense fallback={<p>One moment…</p>}>
        <Who />
      </Suspense>
    </main>
  );
}

async function Who() {
  const user = await getUser(headers());
  return <pre id="user">{JSON.stringify(user, null, 2)}</pre>;
}
