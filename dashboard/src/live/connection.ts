import { Hub } from "./hub";
import type { FromHub, ToHub } from "./messages";
import { browser } from "./surroundings";

export interface Connection {
  say(message: ToHub): void;
}

/**
 * Reach the hub: in a shared worker, so that all tabs share one stream; where there is none, one in this page.
 *
 * A tab that is not seen wishes nothing, so that without a shared worker too only visible tabs hold a connection.
 */
export function connect(hear: (message: FromHub) => void): Connection {
  if (typeof SharedWorker === "undefined") return within(hear);
  try {
    const worker = new SharedWorker(new URL("./hub.worker.ts", import.meta.url), { type: "module", name: "taskflow" });
    worker.port.onmessage = (event: MessageEvent<FromHub>) => hear(event.data);
    return { say: (message) => worker.port.postMessage(message) };
  } catch {
    return within(hear);
  }
}

function within(hear: (message: FromHub) => void): Connection {
  const hub = new Hub(browser);
  const port = { send: hear };
  return { say: (message) => hub.hear(port, message) };
}
