import { returnPath } from "better-auth-edge/next";
import { CredentialsForm } from "../credentials-form";

export default async function SignUp({
  searchParams,
}: {
  searchParams: Promise<{ next?: string | string[] }>;
}) {
  const to = returnPath((await searchParams).next, "/tasks");
  return (
    <>
      <h1>Sign up</h1>
      <CredentialsForm to={to} asksName />
    </>
  );
}
