import { getUser } from "better-auth-edge/next";

/** Returns the user of the edge's assertion. */
export async function GET(request: Request) {
  return Response.json({ user: await getUser(request.headers) });
}
