import * as z from "zod/mini";

/** What `/playground` keeps in its URL: which test is shown; the newest where none is named. */
export const playgroundSearch = z.object({
  run: z.catch(z.optional(z.string().check(z.maxLength(64))), undefined),
});
