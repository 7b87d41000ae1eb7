import { Link } from "@tanstack/react-router";
import { deadOf, isNew, MOST_DEAD } from "@/api/errors";
import type { ErrorGroup } from "@/api/types";
import { useNow } from "@/lib/clock";
import { count, countAtLeast } from "@/lib/format";
import { words } from "@/lib/text/errors";
import { visible } from "@/lib/visible";
import { Chip } from "@/ui/chip";
import { Tip } from "@/ui/tip";

/** Jobs that are dead of a group, in words: they are counted up to a bound. */
export function deadCount(group: ErrorGroup): string {
  return group.dead >= MOST_DEAD ? countAtLeast(group.dead) : count(group.dead);
}

/** Type and message on one line, and what is special about it. */
export function ErrorCell({ group }: { group: ErrorGroup }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Link
        to="/errors/$fingerprint"
        params={{ fingerprint: group.fingerprint }}
        title={`${group.type}: ${group.message}`}
        className="min-w-0 truncate font-mono text-12 hover:underline"
      >
        <span className="font-medium text-danger">{visible(group.type)}</span>{" "}
        <span className="text-text-2">{visible(group.message)}</span>
      </Link>
      {/* On a phone the error itself needs the room; its page has the mark. */}
      <span className="shrink-0 @max-[480px]/table:hidden">
        <Marks group={group} />
      </span>
    </span>
  );
}

/** That it is new, or has come back. */
export function Marks({ group }: { group: ErrorGroup }) {
  const now = useNow();
  if (group.state === "open" && group.reopened) {
    return <Mark word={words.reopened} hint={words.reopenedHint} tone="danger" />;
  }
  if (group.state !== "open") return null;
  if (group.new_in) {
    return <Mark word={words.newIn(group.new_in)} hint={words.newInHint(group.new_in)} tone="neutral" />;
  }
  return isNew(group, now) ? <Mark word={words.isNew} hint={words.isNewHint} tone="neutral" /> : null;
}

function Mark({ word, hint, tone }: { word: string; hint: string; tone: "neutral" | "danger" }) {
  return (
    <Tip text={hint}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the tip must be reachable by keyboard */}
      <span tabIndex={0} className="flex max-w-48 shrink-0 rounded-s">
        <Chip tone={tone}>{word}</Chip>
      </span>
    </Tip>
  );
}

/** The number leads to the jobs. */
export function DeadCell({ group }: { group: ErrorGroup }) {
  if (group.dead === 0) return <span className="text-text-3">{0}</span>;
  return (
    <Link
      to="/jobs"
      search={deadOf(group)}
      aria-label={words.deadOf(deadCount(group), group.type)}
      className="font-medium text-dead hover:underline"
    >
      {deadCount(group)}
    </Link>
  );
}
