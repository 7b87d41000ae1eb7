import { Link } from "@tanstack/react-router";
import { ChevronDown, ChevronUp, Maximize2 } from "lucide-react";
import { useRef } from "react";
import type { JobActs } from "@/api/job-actions";
import { cx } from "@/lib/cx";
import { useKeys } from "@/lib/keys";
import { useMedia, WIDE } from "@/lib/media";
import { job as words } from "@/lib/text/job";
import { buttonClass } from "@/ui/button";
import { Drawer } from "@/ui/drawer";
import { IconButton } from "@/ui/icon-button";
import { StateLabel } from "@/ui/state-label";
import { Tip } from "@/ui/tip";
import { JobBody, type JobTab } from "./job-body";
import { useJob } from "./use-job";

export interface JobDrawerProps {
  id: string;
  tab: string | undefined;
  onTab: (tab: JobTab) => void;
  /** Which lines of the log are shown. */
  log: string | undefined;
  onLog: (log: string | undefined) => void;
  onClose: () => void;
  /** Go to the row above; undefined at the first one. */
  onPrevious: (() => void) | undefined;
  onNext: (() => void) | undefined;
  acts: JobActs;
  /** `r c Del` mean this job, not a selection. */
  keys: boolean;
}

/** A job beside its list. */
export function JobDrawer(props: JobDrawerProps) {
  const { id, tab, onTab, log, onLog, onClose, onPrevious, onNext, acts, keys } = props;
  const state = useJob(id);
  const inside = useRef<HTMLDivElement>(null);
  // Beside the list its own keys move; over it they do not reach it.
  const over = !useMedia(WIDE);
  useKeys({ j: () => onNext?.(), k: () => onPrevious?.() }, over, inside);
  const { head, deleted } = state;
  return (
    <Drawer
      label={head ? words.title(head.task) : words.page}
      onClose={onClose}
      header={
        head ? (
          <span aria-live="polite" className="min-w-0 truncate">
            <StateLabel state={head.state} reason={deleted ? null : head.reason} size={15} />
          </span>
        ) : null
      }
      actions={
        <>
          <IconButton
            label={words.previous}
            keyName="k"
            icon={<ChevronUp aria-hidden size={16} />}
            refusal={onPrevious ? undefined : words.atFirst}
            onClick={onPrevious}
          />
          <IconButton
            label={words.next}
            keyName="j"
            icon={<ChevronDown aria-hidden size={16} />}
            refusal={onNext ? undefined : words.atLast}
            onClick={onNext}
          />
          <Tip text={words.openPage}>
            <Link
              to="/jobs/$id"
              params={{ id }}
              search={{ ...(tab ? { tab } : {}), ...(log ? { log } : {}) }}
              aria-label={words.openPage}
              className={cx(buttonClass({ variant: "ghost", square: true }))}
            >
              <Maximize2 aria-hidden size={15} />
            </Link>
          </Tip>
        </>
      }
    >
      <div ref={inside} key={id}>
        <JobBody state={state} acts={acts} tab={tab} onTab={onTab} log={log} onLog={onLog} keys={keys} scope={inside} />
      </div>
    </Drawer>
  );
}
