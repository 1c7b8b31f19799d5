/** How many connections fit: workerd ends when it has no file descriptor left. */

/** The most connections that clients can have at a time. */
export interface Limits {
  /** Those of all processes. */
  total: number;
  /** Those of one process. */
  process: number;
}

/** The descriptors of a connection in this process: the client's, and that to workerd. */
const HERE = 2;
/** Those in workerd: from this process, to the origin server, and to the auth server. */
const IN_WORKERD = 3;
/** What a process needs for itself: its files, pipes, timers, keys and databases. */
const OWN = 96;
/** Connections beyond the limit that wait for a response of this process. */
export const REJECTED = 32;
/** A connection takes memory too. */
const MOST = 10_000;

/**
 * The limits of an edge with so many processes, which inherit this one's limit of open files. Node
 * has raised that as far as the system allows it.
 *
 * @param files the limit of open files
 */
export function limitsOf(processes: number, files = openFiles()): Limits {
  const process = between(1, Math.floor((files - OWN) / IN_WORKERD), MOST);
  const here = Math.floor((files - OWN - REJECTED - 8 * processes) / HERE);
  return { process, total: between(1, here, process * processes) };
}

/** How many files this process may have open at a time. */
function openFiles(): number {
  // not every runtime has reports
  const report = process.report?.getReport?.() as
    | { userLimits?: { open_files?: { soft?: number | string } } }
    | undefined;
  const limit = report?.userLimits?.open_files?.soft;
  return typeof limit === "number" ? limit : Number.POSITIVE_INFINITY;
}

function between(least: number, value: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}
