import * as z from "zod/mini";
import { WORKER_STATES } from "@/lib/worker-state";

/** What `/workers` keeps in its URL. */
export const workersSearch = z.object({
  /** Only workers in this state. */
  show: z.catch(z.optional(z.enum(WORKER_STATES)), undefined),
  /** Part of an id, a host, a queue or a version. */
  q: z.catch(z.optional(z.string()), undefined),
});
