/**
 * A plugin for Better Auth: claims for the edge, API keys, and events when a session ends.
 *
 * @module
 */
export type { EdgeOptions } from "./options.ts";
export { type EdgePlugin, edge, type PluginHook } from "./plugin.ts";
