// How `serve` keeps its processes running when one cannot be started.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exit, WorkerProcess } from "../src/cli/serve/process.ts";
import { Supervisor } from "../src/cli/serve/supervisor.ts";

test("a process that cannot be started again is tried until it can", async () => {
  let end: (exit: Exit) => void = () => {};
  let starts = 0;
  const events: unknown[] = [];
  const running = (): WorkerProcess => ({
    pid: 1,
    exited: new Promise((resolve) => {
      end = resolve;
    }),
    health: async () => "ok",
    stop: async () => {},
  });
  const supervisor = new Supervisor(
    async () => {
      starts += 1;
      if (starts === 2) throw new Error("no space left on device");
      return running();
    },
    ({ event }) => events.push(event),
  );
  await supervisor.start(1);
  end({ code: null, signal: "SIGKILL" });
  while (starts < 3) await new Promise((resolve) => setTimeout(resolve, 20));
  await supervisor.stop(0);
  assert.deepEqual(events.slice(0, 2), ["process_ended", "process_failed"]);
});
