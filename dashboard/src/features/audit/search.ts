import * as z from "zod/mini";
import { RANGES } from "@/lib/range";

const text = z.catch(z.optional(z.string().check(z.maxLength(600))), undefined);

/** What `/audit` keeps in its URL. */
export const auditSearch = z.object({
  actor: text,
  action: text,
  object: text,
  range: z.catch(z.optional(z.enum(RANGES)), undefined),
  /** The act in the drawer, by its number. */
  act: z.catch(z.optional(z.string().check(z.regex(/^\d{1,15}$/))), undefined),
});

export type AuditSearch = z.infer<typeof auditSearch>;

export const KEYS = ["actor", "action", "object"] as const;
export type Key = (typeof KEYS)[number];

const KINDS = ["job", "queue", "worker", "bulk", "view", "error"];

/** What somebody means who types this: `actor:ada`, `job.retry`, `queue:mail`, `ada`. */
export function termOf(text: string): { key: Key; value: string } | null {
  const typed = text.trim();
  if (typed === "") return null;
  const [head = "", ...rest] = typed.split(":");
  const value = rest.join(":").trim();
  const named = KEYS.find((key) => key === head);
  if (named) return value === "" ? null : { key: named, value };
  if (KINDS.includes(head) && value !== "") return { key: "object", value: typed };
  return KINDS.some((kind) => typed.startsWith(`${kind}.`))
    ? { key: "action", value: typed }
    : { key: "actor", value: typed };
}
