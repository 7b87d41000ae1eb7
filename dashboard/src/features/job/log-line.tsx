import { memo } from "react";
import type { LogLevel, LogLine } from "@/api/logs";
import { piecesOf } from "@/lib/ansi";
import { cx } from "@/lib/cx";
import { log as words } from "@/lib/text/log";
import { visible } from "@/lib/visible";
import { Time } from "@/ui/time";
import { detailsOf, type LogRow } from "./log-view";

// The words say it too; below a warning nothing is coloured.
const LEVEL: Record<LogLevel, string> = {
  debug: "text-text-3",
  info: "text-text-3",
  warning: "text-ansi-yellow",
  error: "text-danger",
  critical: "font-semibold text-danger",
};

/** A row of the log. Drawn once: a line never changes. */
export const LogLineView = memo(function LogLineView({ row }: { row: LogRow }) {
  if (row.kind === "attempt") {
    return (
      <p className="flex items-center gap-3 pt-3 pb-1 font-medium font-sans text-12 text-text-2">
        {words.attempt(row.line.attempt, row.line.round)}
        <span aria-hidden className="h-px grow bg-border" />
      </p>
    );
  }
  if (row.kind === "missing") {
    return <p className="py-0.5 font-sans text-12 text-text-3 italic">{words.missing(row.count)}</p>;
  }
  return <Line line={row.line} />;
});

function Line({ line }: { line: LogLine }) {
  const { pairs, trace } = detailsOf(line);
  return (
    <div className="-mx-1.5 flex gap-x-3 rounded-s px-1.5 py-px hover:bg-hover max-sm:flex-wrap">
      <Time at={line.at} show="clock" className="shrink-0 text-text-3" />
      <span className={cx("w-16 shrink-0", LEVEL[line.level])}>{line.level}</span>
      <div className="min-w-0 grow basis-60 whitespace-pre-wrap break-words [overflow-wrap:anywhere]">
        <Message text={line.message} />
        {pairs.map(([name, value]) => (
          <span key={name}>
            {"  "}
            <span className="text-text-3">{`${name}=`}</span>
            <bdi className="text-text-2">{value}</bdi>
          </span>
        ))}
        {trace ? <pre className="whitespace-pre-wrap border-border border-l-2 pl-3 text-text-2">{trace}</pre> : null}
      </div>
    </div>
  );
}

function Message({ text }: { text: string }) {
  return piecesOf(text).map((piece, index) =>
    piece.className === "" ? (
      visible(piece.text)
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: pieces of a text that never changes
      <span key={index} className={piece.className}>
        {visible(piece.text)}
      </span>
    ),
  );
}
