import { getUser } from "better-auth-edge/next";
import { headers } from "next/headers";
import { SignOut } from "./sign-out";

/** What the server knows about the user: what the edge has signed, and nothing that a client says. */
export default async function Me() {
  const user = await getUser(headers());
  return (
    <>
      <h1>Me</h1>
      <pre id="user">{JSON.stringify(user, null, 2)}</pre>
      <SignOut />
    </>
  );
}
