import type { JobState } from "../state";

/** The word of each state. */
export const STATE_WORD: Record<JobState, string> = {
  scheduled: "Scheduled",
  pending: "Pending",
  running: "Running",
  retrying: "Retrying",
  completed: "Completed",
  cancelled: "Cancelled",
  dead: "Dead",
  blocked: "Blocked",
  suspended: "Suspended",
};

/** What each state means, in one line. */
export const STATE_MEANING: Record<JobState, string> = {
  scheduled: "Due later",
  pending: "Ready; waits for a worker",
  running: "A worker runs it",
  retrying: "Failed; due again later",
  completed: "Ended without an error",
  cancelled: "Ended before it completed",
  dead: "Ended after its last failure; a dead letter",
  blocked: "Waits for dependencies or a limit",
  suspended: "Waits for an event, without a slot",
};

/** Why a job ended as cancelled or dead. */
const REASON_WORD: Record<string, string> = {
  cancelled_by_user: "cancelled by a user",
  cancelled_by_handler: "cancelled by its handler",
  expired: "expired before it started",
  dependency_failed: "a dependency failed",
  attempts_exhausted: "attempts exhausted",
  timeout: "timed out",
  crash_loop: "crash loop",
  worker_lost: "workers lost",
  discarded: "discarded by its handler",
  invalid_arguments: "invalid arguments",
};

/** The words of a reason; one that this page does not know is shown as it is. */
export function reasonWord(reason: string): string {
  return REASON_WORD[reason] ?? reason.replaceAll("_", " ");
}
