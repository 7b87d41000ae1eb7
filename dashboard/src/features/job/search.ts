import * as z from "zod/mini";

/** What `/jobs/$id` keeps in its URL. */
export const jobSearch = z.object({
  tab: z.catch(z.optional(z.string()), undefined),
  /** Which lines of the log are shown. */
  log: z.catch(z.optional(z.string().check(z.maxLength(600))), undefined),
});
