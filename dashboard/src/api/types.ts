/** Names for what the API answers with, so that pages do not write `components["schemas"]`. */
import type { components, operations } from "./schema";

type Schemas = components["schemas"];

export type Job = Schemas["JobDetail"];
export type JobRow = Schemas["JobRowOut"];
export type JobRowPage = Schemas["JobRowPage"];
export type JobsQuery = Omit<NonNullable<operations["listJobs"]["parameters"]["query"]>, "view">;
export type Attempt = Schemas["AttemptOut"];
export type Stats = Schemas["StatsOut"];
export type QueueRow = Schemas["QueueOut"];
export type Worker = Schemas["WorkerOut"];
export type Task = Schemas["TaskOut"];
export type SeriesOut = Schemas["SeriesOut"];
export type SeriesQuery = NonNullable<NonNullable<operations["statsSeries"]["parameters"]["query"]>>;
export type Summary = Schemas["SummaryOut"];
/** What a job waits for, how many are ahead of it, and about how long that takes. */
export type Wait = Schemas["WhyOut"];
export type Cause = Schemas["CauseOut"];
export type ErrorGroup = Schemas["ErrorGroupOut"];
export type ErrorCounts = Schemas["GroupCountsOut"];
export type ErrorPage = Schemas["ErrorGroupList"];
export type ErrorDetail = Schemas["ErrorGroupDetail"];
export type ErrorsQuery = NonNullable<operations["listErrors"]["parameters"]["query"]>;
export type FailingTask = Schemas["FailingTask"];
export type SessionOut = Schemas["SessionOut"];
export type Permission = SessionOut["permissions"][number];
