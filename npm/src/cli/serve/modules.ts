/** Sources of the modules beside the Worker in workerd. They decide nothing. */

/** A binding with the value of a setting, which the environment contains as JSON. */
export const SETTING = "export default ({ value }) => JSON.parse(value);\n";

/** Calls the store of ended sessions for other processes. */
export const STORE_SERVER = `
export default {
  async fetch(request, { objects }) {
    const { shard, method, values } = await request.json();
    try {
      if (method !== "read" && method !== "append") throw new Error("the method does not exist");
      const object = objects.get(objects.idFromName(shard));
      return Response.json({ value: await object[method](...values) });
    } catch (error) {
      return Response.json({ error: String(error?.message ?? error) });
    }
  },
};
`;

/** The binding of a process whose store is in another process: the part that the edge calls. */
export const REMOTE_STORE = `
class Store {
  #service;

  constructor(service) {
    this.#service = service;
  }

  idFromName(name) {
    return name;
  }

  get(shard) {
    const call = (method) => async (...values) => {
      const body = JSON.stringify({ shard, method, values });
      const response = await this.#service.fetch("http://store/", { method: "POST", body });
      const { value, error } = await response.json();
      if (error !== undefined) throw new Error(error);
      return value;
    };
    return { read: call("read"), append: call("append") };
  }
}

export default ({ service }) => new Store(service);
`;

/** Prints each request with what the edge logged about it. */
export const TAIL = `
export default {
  tail(events) {
    for (const { event, logs, exceptions, outcome, eventTimestamp } of events) {
      const request = event?.request;
      if (!request) continue;
      const { method, url } = request.getUnredacted?.() ?? request;
      console.log(JSON.stringify({
        event: "request",
        time: eventTimestamp,
        method,
        path: new URL(url).pathname,
        status: event.response?.status,
        outcome,
        logs: logs.map(({ level, message }) => ({ level, message })),
        exceptions: exceptions.map(({ name, message }) => name + ": " + message),
      }));
    }
  },
};
`;
