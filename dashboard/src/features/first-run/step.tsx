import type { ReactNode } from "react";
import { cx } from "@/lib/cx";
import { words } from "@/lib/text/first-run";
import { Code } from "@/ui/code";
import { StateIcon } from "@/ui/state-icon";

interface Props {
  number: number;
  title: string;
  hint: string;
  code: string;
  done: boolean;
  /** What was found, or what it waits for. */
  status: ReactNode;
  last?: boolean;
}

/** One thing to do, with what to copy, and whether it has happened. */
export function Step({ number, title, hint, code, done, status, last = false }: Props) {
  return (
    <li className="flex gap-4">
      <div className="flex flex-col items-center">
        <span
          className={cx(
            "grid size-7 shrink-0 place-items-center rounded-full font-medium text-12",
            !done && "border border-border-strong text-text-2",
          )}
        >
          {done ? <StateIcon state="completed" size={24} /> : <span aria-hidden>{number}</span>}
          <span className="sr-only">{done ? words.done : words.open}</span>
        </span>
        {last ? null : <span aria-hidden className="mt-2 w-px grow bg-border" />}
      </div>
      <div className={cx("min-w-0 grow", last ? "pb-2" : "pb-8")}>
        <h3 className="flex h-7 items-center font-medium text-14">{title}</h3>
        <p className="mb-2.5 text-text-2">{hint}</p>
        <Code text={code} copyLabel={words.copyOf(title)} />
        <p className={cx("mt-2 min-h-5 text-12", done ? "text-completed" : "text-text-3")}>{status}</p>
      </div>
    </li>
  );
}
