import { createLazyRoute } from "@tanstack/react-router";
import { JobDrawer } from "@/features/job/drawer";
import { useJobActs } from "@/features/job/use-job-acts";
import { JobsPage } from "@/features/jobs/page";

export const route = createLazyRoute("/jobs")({ component: JobsRoute });

/** The list and the job beside it: two features that meet here alone. */
function JobsRoute() {
  const { dialogs, ...acts } = useJobActs();
  return (
    <>
      <JobsPage acts={acts} drawer={(slot) => <JobDrawer {...slot} acts={acts} />} />
      {dialogs}
    </>
  );
}
