import { type Session, setSession } from "@/lib/session";
import { client, take } from "./client";
import type { components } from "./schema";

type SessionOut = components["schemas"]["SessionOut"];

function sessionOf(answer: SessionOut): Session {
  return {
    actor: answer.actor,
    role: answer.role,
    permissions: answer.permissions,
    tenant: answer.tenant,
    signedIn: true,
    ended: false,
  };
}

/** Exchange an API key for a session of this browser. */
export async function signIn(apiKey: string): Promise<void> {
  const answer = await take(client.POST("/api/v1/session", { body: { api_key: apiKey } }));
  setSession(sessionOf(answer));
}

/** End the session, here and on the server. */
export async function signOut(): Promise<void> {
  await client.DELETE("/api/v1/session");
  setSession({ actor: null, role: null, permissions: [], tenant: "default", signedIn: false, ended: false });
}
