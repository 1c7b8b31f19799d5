import { getUser } from "better-auth-edge/next";
import { headers } from "next/headers";
import { redirect } from "next/navigation";
import { TaskList } from "./task-list";

export default async function Tasks() {
  const user = await getUser(headers());
  // the edge requires a session; if it did not run, no user is signed in
  if (!user) redirect("/sign-in");
  return (
    <>
      <h1>Tasks of {user.name}</h1>
      <TaskList userId={user.id} />
    </>
  );
}
