// The gateway with jose, which verifies every token.

import { createGateway } from "./gateway.js";
import { verify } from "./verify.js";

export default createGateway(verify);
