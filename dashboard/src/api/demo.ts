import { client, take } from "./client";
import type { components } from "./schema";

/** Enqueue a job of a public demonstration; which one, the server says. */
export function enqueueDemoJob(): Promise<components["schemas"]["DemoJobOut"]> {
  return take(client.POST("/api/v1/demo/jobs"));
}
