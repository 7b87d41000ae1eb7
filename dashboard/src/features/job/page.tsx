import { createLazyRoute, Link } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { HAS_SIDEBAR, useMedia } from "@/lib/media";
import { job as words } from "@/lib/text/job";
import { buttonClass } from "@/ui/button";
import { Page } from "@/ui/page";
import { StateLabel } from "@/ui/state-label";
import { JobBody } from "./job-body";
import { useJob } from "./use-job";
import { useJobActs } from "./use-job-acts";

export const route = createLazyRoute("/jobs/$id")({ component: JobPage });

/** A job on a page of its own: what a shared link opens. */
function JobPage() {
  const { id } = route.useParams();
  const { tab, log } = route.useSearch();
  const navigate = route.useNavigate();
  const state = useJob(id);
  const { dialogs, ...acts } = useJobActs();
  const { head, deleted } = state;
  // A narrow header has no room for the name of a task: there it stands below, as a whole.
  const narrow = !useMedia(HAS_SIDEBAR);
  return (
    <Page
      title={head?.task ?? words.page}
      heading={narrow ? words.page : undefined}
      live
      flush
      aside={head ? <StateLabel state={head.state} reason={deleted || narrow ? null : head.reason} /> : null}
      actions={
        <Link to="/jobs" preload={false} className={buttonClass({ variant: "ghost" })}>
          <ArrowLeft aria-hidden size={14} />
          <span className="max-sm:sr-only">{words.toList}</span>
        </Link>
      }
    >
      <div key={id}>
        <JobBody
          titled={!narrow}
          keys
          state={state}
          acts={acts}
          tab={tab}
          onTab={(next) =>
            void navigate({ search: next === "overview" ? {} : { tab: next }, replace: true, resetScroll: false })
          }
          log={log}
          onLog={(next) =>
            void navigate({ search: (old) => ({ ...old, log: next }), replace: true, resetScroll: false })
          }
        />
      </div>
      {dialogs}
    </Page>
  );
}
