import { useSyncExternalStore } from "react";
import { type Boot, boot, type Role } from "./boot";
import { shell } from "./text/shell";

/** Who uses the page. `role` null: nobody yet, a sign-in is needed. */
export interface Session {
  actor: string | null;
  role: Role | null;
  /** Null: the server did not say, so everything is tried. */
  permissions: readonly string[] | null;
  tenant: string;
  /** Whether this visit began with a sign-in, so that it can end with a sign-out. */
  signedIn: boolean;
  /** Whether a session has just ended under the page. */
  ended: boolean;
}

function fromBoot(values: Boot): Session {
  return {
    actor: values.actor,
    role: values.sign_in ? null : values.role,
    permissions: values.sign_in ? [] : values.permissions,
    tenant: values.tenant,
    signedIn: values.actor !== null && values.actor !== "local" && !values.sign_in,
    ended: false,
  };
}

let current: Session = fromBoot(boot);
const listeners = new Set<() => void>();

export function session(): Session {
  return current;
}

export function setSession(next: Session): void {
  current = next;
  for (const listener of listeners) listener();
}

/** The server said 401: everything asks for a sign-in again. */
export function endSession(): void {
  if (current.role === null) return;
  setSession({ ...current, actor: null, role: null, permissions: [], signedIn: false, ended: true });
}

export function useSession(): Session {
  return useSyncExternalStore(subscribe, session);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Why the caller may not do this, for the `refusal` of a button; undefined if allowed. */
export function refusalOf(who: Session, permission: string): string | undefined {
  if (who.permissions === null || who.permissions.includes(permission)) return undefined;
  return shell.needs(permission, who.role ?? shell.anonymous);
}

/** `refusalOf` for the caller of the page. */
export function useRefusal(permission: string): string | undefined {
  return refusalOf(useSession(), permission);
}
