// The judge as a Worker.
import { judge } from "./judge.ts";
import { warm } from "./warm.ts";

// without network, timers and random numbers
await warm();

export default {
  async fetch(request: Request): Promise<Response> {
    const { cases, keys } = await request.json();
    return Response.json(await judge(cases, keys));
  },
};
