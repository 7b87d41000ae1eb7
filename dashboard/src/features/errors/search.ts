import * as z from "zod/mini";
import { ERROR_SORTS, ERROR_STATES } from "@/api/errors";

/** What `/errors` keeps in its URL. Without a state it shows the open ones. */
export const errorsSearch = z.object({
  state: z.catch(z.optional(z.enum([...ERROR_STATES, "all"])), undefined),
  /** Part of type, message or task. */
  q: z.catch(z.optional(z.string().check(z.maxLength(200))), undefined),
  task: z.catch(z.optional(z.string().check(z.maxLength(200))), undefined),
  sort: z.catch(z.optional(z.enum(ERROR_SORTS)), undefined),
});

export type ErrorsSearch = z.infer<typeof errorsSearch>;
