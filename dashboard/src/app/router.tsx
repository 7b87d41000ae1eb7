import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, redirect } from "@tanstack/react-router";
import { auditSearch } from "@/features/audit/search";
import { bulkSearch } from "@/features/bulk/search";
import { errorsSearch } from "@/features/errors/search";
import { jobSearch } from "@/features/job/search";
import { jobsSearch } from "@/features/jobs/search";
import { metricsSearch } from "@/features/metrics/search";
import { overviewSearch } from "@/features/overview/search";
import { playgroundSearch } from "@/features/playground/search";
import { queueSearch, queuesSearch } from "@/features/queues/search";
import { workersSearch } from "@/features/workers/search";
import { boot } from "@/lib/boot";
import { NotFound, RouteError } from "./route-error";
import { parseSearch, stringifySearch } from "./search-params";
import { Shell } from "./shell";

export interface RouterContext {
  queryClient: QueryClient;
}

const root = createRootRouteWithContext<RouterContext>()({ component: Shell, notFoundComponent: NotFound });

// A page and its parameters belong to its feature; it is loaded when it is opened.
const overview = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: overviewSearch,
}).lazy(() => import("./home").then((page) => page.route));

const jobs = createRoute({
  getParentRoute: () => root,
  path: "/jobs",
  validateSearch: jobsSearch,
}).lazy(() => import("./jobs-route").then((page) => page.route));

const job = createRoute({
  getParentRoute: () => root,
  path: "/jobs/$id",
  validateSearch: jobSearch,
}).lazy(() => import("@/features/job/page").then((page) => page.route));

const queues = createRoute({
  getParentRoute: () => root,
  path: "/queues",
  validateSearch: queuesSearch,
}).lazy(() => import("@/features/queues/page").then((page) => page.route));

const queue = createRoute({
  getParentRoute: () => root,
  path: "/queues/$name",
  validateSearch: queueSearch,
}).lazy(() => import("./queue-route").then((page) => page.route));

const workers = createRoute({
  getParentRoute: () => root,
  path: "/workers",
  validateSearch: workersSearch,
}).lazy(() => import("@/features/workers/page").then((page) => page.route));

const errors = createRoute({
  getParentRoute: () => root,
  path: "/errors",
  validateSearch: errorsSearch,
}).lazy(() => import("@/features/errors/page").then((page) => page.route));

const error = createRoute({
  getParentRoute: () => root,
  path: "/errors/$fingerprint",
}).lazy(() => import("@/features/errors/group-page").then((page) => page.route));

const bulk = createRoute({
  getParentRoute: () => root,
  path: "/bulk",
  validateSearch: bulkSearch,
}).lazy(() => import("@/features/bulk/page").then((page) => page.route));

const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  validateSearch: auditSearch,
}).lazy(() => import("@/features/audit/page").then((page) => page.route));

const system = createRoute({
  getParentRoute: () => root,
  path: "/system",
}).lazy(() => import("@/features/system/page").then((page) => page.route));

// Not /metrics: that address answers Prometheus, whatever a client accepts.
const metrics = createRoute({
  getParentRoute: () => root,
  path: "/charts",
  validateSearch: metricsSearch,
}).lazy(() => import("@/features/metrics/page").then((page) => page.route));

const playground = createRoute({
  getParentRoute: () => root,
  path: "/playground",
  validateSearch: playgroundSearch,
}).lazy(() => import("@/features/playground/page").then((page) => page.route));

const dead = createRoute({
  getParentRoute: () => root,
  path: "/dead",
  beforeLoad: () => {
    throw redirect({ to: "/jobs", search: { state: "dead" }, replace: true });
  },
});

const routeTree = root.addChildren([
  overview,
  jobs,
  job,
  queues,
  queue,
  workers,
  errors,
  error,
  metrics,
  bulk,
  audit,
  system,
  playground,
  dead,
]);

export function makeRouter(queryClient: QueryClient) {
  return createRouter({
    routeTree,
    context: { queryClient },
    basepath: boot.base || "/",
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    // The query cache decides what is fresh.
    defaultPreloadStaleTime: 0,
    defaultErrorComponent: RouteError,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
