import * as z from "zod/mini";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What `/bulk` keeps in its URL. */
export const bulkSearch = z.object({
  /** The operation in the drawer. */
  id: z.catch(z.optional(z.string().check(z.regex(UUID))), undefined),
  /** Of its results: only jobs that were left as they were. */
  show: z.catch(z.optional(z.enum(["left"])), undefined),
});
