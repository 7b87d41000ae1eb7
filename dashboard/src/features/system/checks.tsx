import type { Check } from "@/api/system";
import { words } from "@/lib/text/system";
import { visible } from "@/lib/visible";
import { VerdictMark } from "./verdict";

/** The checks, those that need attention first: how each ended, what was found, what to do. Nothing is cut. */
export function Checks({ checks }: { checks: readonly Check[] }) {
  const rows = [
    ...checks.filter(({ verdict }) => verdict !== "OK"),
    ...checks.filter(({ verdict }) => verdict === "OK"),
  ];
  return (
    <ul aria-label={words.checksList} className="border-border border-t">
      {rows.map((one) => (
        <li
          key={`${one.name} ${one.detail}`}
          className="grid gap-x-4 gap-y-0.5 border-border border-b px-5 py-2 last:border-b-0 max-md:px-4 sm:grid-cols-[88px_88px_1fr]"
        >
          <VerdictMark verdict={one.verdict} />
          <span className="text-text-2">{one.name}</span>
          <span className="min-w-0 break-words">
            {visible(one.detail)}
            {one.fix ? <span className="block text-text-2">{visible(one.fix)}</span> : null}
          </span>
        </li>
      ))}
    </ul>
  );
}
