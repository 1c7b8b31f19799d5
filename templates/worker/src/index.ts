// The whole Worker: better-auth-edge has it compiled. wrangler.jsonc has the settings.
export { default, Revocations } from "better-auth-edge/worker";
