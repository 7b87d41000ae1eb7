import { createLazyRoute } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useFirstRun } from "@/features/first-run/use-first-run";
import { Overview } from "@/features/overview/page";

export const route = createLazyRoute("/")({ component: Home });

// Seen once in the life of an installation.
const FirstRun = lazy(() => import("@/features/first-run/first-run").then((page) => ({ default: page.FirstRun })));

/** The overview, or what leads to its first number. */
function Home() {
  const first = useFirstRun();
  if (!first) return <Overview />;
  return (
    <Suspense fallback={<Overview />}>
      <FirstRun />
    </Suspense>
  );
}
