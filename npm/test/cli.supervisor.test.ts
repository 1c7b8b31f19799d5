// How `serve` keeps its processes running when one cannot be started, and how it ends them.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Exit, WorkerProcess } from "../src/cli/serve/process.ts";
import { Stopped, Supervisor } from "../src/cli/serve/supervisor.ts";

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

/** A start that the test completes, and what happened to its process. */
function slowStart() {
  let complete: () => void = () => {};
  const made = { starts: 0, stops: 0, complete: () => complete() };
  const starter = async (): Promise<WorkerProcess> => {
    made.starts += 1;
    await new Promise<void>((resolve) => {
      complete = resolve;
    });
    let end: (exit: Exit) => void = () => {};
    const exited = new Promise<Exit>((resolve) => {
      end = resolve;
    });
    const stop = async () => {
      made.stops += 1;
      end({ code: null, signal: "SIGTERM" });
    };
    return { pid: 1, exited, health: async () => "ok", stop };
  };
  return { made, supervisor: new Supervisor(starter, () => {}) };
}

test("a stop waits for the process that is starting, and ends it", async () => {
  const { made, supervisor } = slowStart();
  const started = assert.rejects(supervisor.start(2), Stopped);
  let isStopped = false;
  const stopped = supervisor.stop(5).then(() => {
    isStopped = true;
  });
  await new Promise(setImmediate);
  assert.equal(isStopped, false);
  made.complete();
  await Promise.all([started, stopped]);
  assert.deepEqual([made.starts, made.stops], [1, 1]);
});

test("nothing starts after a stop", async () => {
  const { made, supervisor } = slowStart();
  await supervisor.stop(5);
  await assert.rejects(supervisor.start(1), Stopped);
  assert.equal(made.starts, 0);
});
