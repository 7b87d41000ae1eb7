import { createLazyRoute } from "@tanstack/react-router";
import { Charts, ChartsSkeleton } from "@/features/metrics/charts";
import { QueuePage } from "@/features/queues/queue-page";

export const route = createLazyRoute("/queues/$name")({ component: QueueRoute });

/** A queue and its history: two features that meet here alone. */
function QueueRoute() {
  return (
    <QueuePage
      charts={(series, one, range) => <Charts series={series} one={one} range={range} by="queue" />}
      skeleton={<ChartsSkeleton />}
    />
  );
}
