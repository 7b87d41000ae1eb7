import * as z from "zod/mini";

export const ROLES = ["viewer", "operator", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];

const nullable = <T extends z.ZodMiniType>(type: T) => z._default(z.nullable(type), null);

const BOOT = z.object({
  base: z._default(z.string(), ""),
  api: z._default(z.string(), "/api/v1"),
  version: z._default(z.string(), "dev"),
  nonce: z._default(z.string(), ""),
  tenant: z._default(z.string(), "default"),
  actor: z._default(z.nullable(z.string()), "local"),
  role: z._default(z.nullable(z.enum(ROLES)), "owner"),
  permissions: z._default(z.nullable(z.array(z.string())), null),
  features: z._default(z.record(z.string(), z.unknown()), {}),
  zone: z._default(z.string(), "UTC"),
  store: z._default(z.string(), "SQLite"),
  environment: nullable(z.string()),
  requires_reason: z._default(z.boolean(), false),
  sign_in: z._default(z.boolean(), false),
});

/** What the server writes into the page: where the API is, and who asks. */
export type Boot = z.infer<typeof BOOT>;

/** Read the bootstrap; without a server (Vite's dev server) its defaults hold. */
export function readBoot(text: string | null | undefined): Boot {
  return BOOT.parse(JSON.parse(text || "{}"));
}

export const boot: Boot = readBoot(globalThis.document?.getElementById("boot")?.textContent);
