import { Hub } from "./hub";
import type { Port, ToHub } from "./messages";
import { browser } from "./surroundings";

// One per browser and server: over HTTP/1.1 a browser opens six connections to a host, so eight tabs share one stream.
interface Scope {
  onconnect: ((event: { ports: readonly MessagePort[] }) => void) | null;
}

const hub = new Hub(browser);

(globalThis as unknown as Scope).onconnect = ({ ports }) => {
  for (const each of ports) {
    const port: Port = { send: (message) => each.postMessage(message) };
    each.onmessage = (event: MessageEvent<ToHub>) => hub.hear(port, event.data);
  }
};
