import { getUser } from "better-auth-edge/next";
import { headers } from "next/headers";
import { notFound, redirect } from "next/navigation";
import { isDemo } from "../../lib/demo";
import { Workbench } from "./workbench";
import "./edge.css";

export const metadata = { title: "See the edge at work" };

/** Sends requests to FastAPI through the edge and shows what becomes of them. */
export default async function EdgeAtWork() {
  // first, because a build without DEMO=1 would store the page's absence
  const user = await getUser(headers());
  if (!isDemo()) notFound();
  if (!user) redirect("/sign-in");
  return (
    <div className="wide">
      <h1>See the edge at work</h1>
      <p className="lead">
        Each button sends a real request to FastAPI through this site. The edge decides about it,
        and FastAPI reports what has arrived.
      </p>
      <Workbench userId={user.id} />
    </div>
  );
}
