import { returnPath } from "better-auth-edge/next";
import { CredentialsForm } from "../credentials-form";

export default async function SignIn({
  searchParams,
}: {
  searchParams: Promise<{ next?: string | string[] }>;
}) {
  const to = returnPath((await searchParams).next, "/tasks");
  return (
    <>
      <h1>Sign in</h1>
      <CredentialsForm to={to} />
      <p>
        No account yet? <a href={`/sign-up?next=${encodeURIComponent(to)}`}>Sign up</a>.
      </p>
    </>
  );
}
