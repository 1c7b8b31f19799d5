import { getUser } from "better-auth-edge/next";

/** The same for programs. */
export async function GET(request: Request) {
  return Response.json({ user: await getUser(request.headers) });
}
