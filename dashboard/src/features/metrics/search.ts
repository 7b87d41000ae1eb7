import * as z from "zod/mini";
import { RANGES } from "@/lib/range";

/** What `/charts` keeps in its URL. */
export const metricsSearch = z.object({
  range: z.catch(z.optional(z.enum(RANGES)), undefined),
  by: z.catch(z.optional(z.enum(["queue", "task", "node"])), undefined),
  /** One queue, task or node, for `by`. */
  name: z.catch(z.optional(z.string().check(z.maxLength(200))), undefined),
});

export type MetricsSearch = z.infer<typeof metricsSearch>;
