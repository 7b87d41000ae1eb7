import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { cx } from "@/lib/cx";
import { kit } from "@/lib/text/kit";
import { type Frame, type FrameRun, runsOf } from "@/lib/traceback";

/** Calls, outermost first: one's own frames open, and those of libraries folded. */
export function Frames({ frames }: { frames: readonly Frame[] }) {
  const runs = runsOf(frames);
  const hasOwn = runs.some((run) => run.own);
  return runs.map((run) =>
    run.own || !hasOwn ? (
      run.frames.map((frame) => <FrameLine key={frame.index} frame={frame} />)
    ) : (
      <Folded key={run.frames[0]?.index} run={run} />
    ),
  );
}

function FrameLine({ frame }: { frame: Frame }) {
  return (
    <div className="border-border border-t px-3.5 py-2 font-mono text-12 leading-5">
      <p className="truncate" title={`${frame.file}:${frame.line}`}>
        <span className="text-text">{frame.name}</span>{" "}
        <span className="text-text-3">
          {frame.short}:{frame.line}
        </span>
      </p>
      {frame.code ? <pre className="whitespace-pre-wrap break-words pl-4 text-text-2">{frame.code}</pre> : null}
    </div>
  );
}

function Folded({ run }: { run: FrameRun }) {
  const [open, setOpen] = useState(false);
  return (
    <div className="border-border border-t">
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex h-8 w-full items-center gap-2 px-3.5 text-12 text-text-2 outline-offset-[-2px] hover:bg-hover"
      >
        <ChevronRight aria-hidden size={14} className={cx("text-text-3", open && "rotate-90")} />
        {kit.libraryFrames(run.frames.length)}
      </button>
      {open ? run.frames.map((frame) => <FrameLine key={frame.index} frame={frame} />) : null}
    </div>
  );
}
