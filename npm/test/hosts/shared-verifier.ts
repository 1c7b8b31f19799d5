// A Worker as people write them: one verifier for all requests, made by whichever comes first.
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
