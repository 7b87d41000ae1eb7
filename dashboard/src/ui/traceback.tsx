import { type ReactNode, useMemo } from "react";
import { type Raised, readTraceback } from "@/lib/traceback";
import { CopyButton } from "./copy-button";
import { Frames } from "./frames";

interface Props {
  type: string;
  message: string;
  /** As Python printed it; null if none was kept. */
  traceback?: string | null | undefined;
  /** Right of the type: "attempt 5 of 5". */
  note?: ReactNode;
  copyLabel?: string;
}

/** An error: what it is, then one's own frames open and those of libraries folded. */
export function Traceback({ type, message, traceback, note, copyLabel }: Props) {
  const chain = useMemo(() => (traceback ? readTraceback(traceback) : null), [traceback]);
  return (
    <section className="@container/error overflow-hidden rounded-m border border-border">
      <div className="bg-danger-soft py-2 pr-2 pl-3.5">
        <div className="flex min-h-7 items-center gap-x-2 @max-[480px]/error:flex-wrap">
          <p className="min-w-0 grow break-words font-medium font-mono text-12 text-danger">{type}</p>
          {note ? (
            <span className="shrink-0 text-12 text-text-2 @max-[480px]/error:order-last @max-[480px]/error:basis-full">
              {note}
            </span>
          ) : null}
          <CopyButton text={traceback || `${type}: ${message}`} {...(copyLabel ? { label: copyLabel } : {})} />
        </div>
        {message ? <p className="whitespace-pre-wrap break-words pr-2 pb-1">{message}</p> : null}
      </div>
      {chain ? (
        chain.map((raised, index) => (
          <Chained key={`${raised.because}${raised.message}`} raised={raised} last={index === chain.length - 1} />
        ))
      ) : traceback ? (
        <pre className="whitespace-pre-wrap break-words border-border border-t px-3.5 py-2.5 font-mono text-12 leading-5">
          {traceback}
        </pre>
      ) : null}
    </section>
  );
}

function Chained({ raised, last }: { raised: Raised; last: boolean }) {
  return (
    <>
      {raised.because ? (
        <p className="border-border border-t bg-app px-3.5 py-2 text-12 text-text-3">{raised.because}</p>
      ) : null}
      <Frames frames={raised.frames} />
      {last ? null : (
        <p className="whitespace-pre-wrap break-words border-border border-t px-3.5 py-2 font-mono text-12 text-danger">
          {raised.message}
        </p>
      )}
    </>
  );
}
