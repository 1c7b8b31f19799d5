// A Worker with one verifier for all requests, which the first request creates.
import { createVerifier, type Verifier } from "better-auth-edge";

let verifier: Verifier | undefined;

export default {
  async fetch(request: Request): Promise<Response> {
    const { options, token } = await request.json();
    verifier ??= await createVerifier(options);
    const { user } = await verifier.verify(token);
    return new Response(user.id);
  },
};
