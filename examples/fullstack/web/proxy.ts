import { createMiddleware } from "better-auth-edge/next";
import { options } from "./edge";

export const proxy = createMiddleware(options);
