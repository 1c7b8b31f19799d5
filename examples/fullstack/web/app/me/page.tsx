import { getUser } from "better-auth-edge/next";
import { headers } from "next/headers";

/** Shows the user of the edge's assertion. */
export default async function Me() {
  const user = await getUser(headers());
  return (
    <>
      <h1>Me</h1>
      <pre id="user">{JSON.stringify(user, null, 2)}</pre>
    </>
  );
}
