import * as z from "zod/mini";

/** What the overview is about: its figures cover a day at most. */
export const OVERVIEW_RANGES = ["15m", "1h", "6h", "24h"] as const;

/** What `/` keeps in its URL. */
export const overviewSearch = z.object({
  range: z.catch(z.optional(z.enum(OVERVIEW_RANGES)), undefined),
});
