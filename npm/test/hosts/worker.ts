// The judge as a Worker.
import { judge } from "./judge.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    const { cases, keys } = await request.json();
    return Response.json(await judge(cases, keys));
  },
};
