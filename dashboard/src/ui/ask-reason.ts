import type { ReactNode } from "react";
import { boot } from "@/lib/boot";

/** An act that is about to be done; where it is asked for: `reason-dialog.tsx`. */
export interface ReasonQuestion {
  title: string;
  description?: ReactNode;
  /** The verb with its object, on the button. */
  verb: string;
  danger?: boolean;
  /** Ask only where the server requires a reason: the act is small, and can be taken back. */
  quiet?: boolean;
}

/** Why something is done; null: no reason was given. */
export interface Told {
  reason: string | null;
}

interface Asked {
  question: ReasonQuestion;
  answer: (told: Told | null) => void;
}

let asked: Asked | null = null;
const listeners = new Set<() => void>();

function set(next: Asked | null): void {
  asked = next;
  for (const listener of listeners) listener();
}

/**
 * Ask why, and so once more whether.
 *
 * @returns the reason, or null if it shall not be done
 */
export function askReason(question: ReasonQuestion): Promise<Told | null> {
  if (question.quiet && !boot.requires_reason) return Promise.resolve({ reason: null });
  asked?.answer(null);
  return new Promise((resolve) => {
    set({
      question,
      answer: (told) => {
        set(null);
        resolve(told);
      },
    });
  });
}

export function currentQuestion(): Asked | null {
  return asked;
}

export function subscribeQuestion(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
