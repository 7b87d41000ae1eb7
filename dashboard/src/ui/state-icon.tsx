import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { isState, type JobState, STATE_TEXT } from "@/lib/state";

const LINE = { fill: "none", stroke: "currentColor", strokeWidth: 1.5, strokeLinecap: "round" } as const;
// Cut out of a filled shape: the ground shows through.
const CUT = { ...LINE, className: "stroke-surface", strokeWidth: 1.75, strokeLinejoin: "round" } as const;

// Each state has a shape of its own, so that no one needs its colour.
const SHAPE: Record<JobState, ReactNode> = {
  scheduled: (
    <>
      <circle cx="8" cy="8" r="6.25" {...LINE} />
      <path d="M8 4.75V8l2 1.75" {...LINE} strokeLinejoin="round" />
    </>
  ),
  pending: (
    <circle cx="8" cy="8" r="6.25" {...LINE} strokeWidth="1.75" strokeLinecap="butt" strokeDasharray="3.2 1.709" />
  ),
  running: (
    <>
      <circle cx="8" cy="8" r="6.25" {...LINE} strokeWidth="1.75" className="opacity-25" />
      <path d="M8 1.75a6.25 6.25 0 0 1 5.41 9.375" {...LINE} strokeWidth="1.75" />
      <circle cx="8" cy="8" r="2.1" fill="currentColor" />
    </>
  ),
  retrying: (
    <>
      <path d="M13.9 8.6A5.95 5.95 0 1 1 12.3 3.9L13.75 5.2" {...LINE} strokeWidth="1.75" strokeLinejoin="round" />
      <path d="M14 1.9v3.5h-3.5" {...LINE} strokeWidth="1.75" strokeLinejoin="round" />
    </>
  ),
  completed: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="m5 8.2 2.1 2.1L11.1 6" {...CUT} />
    </>
  ),
  cancelled: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M5 8h6" {...CUT} />
    </>
  ),
  dead: (
    <>
      <path
        d="M5.4 1h5.2a1 1 0 0 1 .7.3l3.4 3.4a1 1 0 0 1 .3.7v5.2a1 1 0 0 1-.3.7l-3.4 3.4a1 1 0 0 1-.7.3H5.4a1 1 0 0 1-.7-.3l-3.4-3.4a1 1 0 0 1-.3-.7V5.4a1 1 0 0 1 .3-.7l3.4-3.4a1 1 0 0 1 .7-.3Z"
        fill="currentColor"
      />
      <path d="m5.7 5.7 4.6 4.6m0-4.6-4.6 4.6" {...CUT} />
    </>
  ),
  blocked: (
    <>
      <circle cx="8" cy="8" r="7" fill="currentColor" />
      <path d="M6.1 5.5v5m3.8-5v5" {...CUT} />
    </>
  ),
  suspended: (
    <path
      d="M13.6 9.9A6.2 6.2 0 0 1 6.1 2.4a6.2 6.2 0 1 0 7.5 7.5Z"
      {...LINE}
      strokeWidth="1.75"
      strokeLinejoin="round"
    />
  ),
};

const UNKNOWN = <circle cx="8" cy="8" r="6.25" {...LINE} />;

interface Props {
  state: string;
  size?: number;
  /** True for a job or an attempt that runs now, and not for the state as such, as on a tab or in a menu. */
  live?: boolean;
  className?: string;
}

/** The shape of a state. Its word must stand beside it, or be read out by `StateLabel`. */
export function StateIcon({ state, size = 14, live = false, className }: Props) {
  const known = isState(state);
  return (
    <svg
      aria-hidden
      viewBox="0 0 16 16"
      width={size}
      height={size}
      // The whole picture turns: of a part of it, the page would be laid out and painted anew for each frame.
      className={cx(
        "shrink-0",
        known ? STATE_TEXT[state] : "text-text-3",
        live && state === "running" && "turn",
        className,
      )}
    >
      {known ? SHAPE[state] : UNKNOWN}
    </svg>
  );
}
