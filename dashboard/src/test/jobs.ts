import { HttpResponse, http } from "msw";
import type { Attempt, Job } from "@/api/job";
import type { LogLine } from "@/api/logs";
import type { components } from "@/api/schema";
import type { JobRow, Wait } from "@/api/types";
import { parseFilter } from "@/filter/parse";
import type { Term } from "@/filter/terms";
import { NO_WAIT } from "./rows";

export const API = "http://localhost:3000/api/v1";

/** An id whose order is that of its number. */
export function idOf(n: number): string {
  return `01a22889-0000-7000-8000-${String(n).padStart(12, "0")}`;
}

export type StoredJob = Omit<Job, "raw"> & { lease_no: number };

const TRACEBACK = [
  "Traceback (most recent call last):",
  '  File "/srv/app/webhook.py", line 84, in deliver',
  "    response = await client.post(url)",
  '  File "/srv/.venv/lib/python3.12/site-packages/httpx/_client.py", line 1859, in post',
  "    return await self.request(",
  "httpx.ConnectTimeout: timed out after 10.0 s",
].join("\n");

export const ERROR = { type: "httpx.ConnectTimeout", message: "timed out after 10.0 s", traceback: TRACEBACK };

/** A job as the server has it. */
export function storedJob(n: number, more: Partial<StoredJob> = {}): StoredJob {
  const created = Date.parse("2026-11-30T12:00:00Z") + n * 1000;
  const at = (ms: number) => new Date(created + ms).toISOString();
  return {
    id: idOf(n),
    task: "send_email",
    args: { to: `user${n}@example.org` },
    queue: "mail",
    priority: 0,
    state: "completed",
    reason: null,
    round: 1,
    attempt: 1,
    max_attempts: 3,
    crashes: 0,
    losses: 0,
    created_at: at(0),
    run_at: at(0),
    started_at: at(100),
    finished_at: at(900),
    expires_at: null,
    timeout: 30,
    result: { ok: true },
    result_truncated: false,
    result_error: null,
    error: null,
    progress: null,
    worker: "7c1f20aa-0000-7000-8000-000000000001",
    cancel_requested_at: null,
    tags: [],
    meta: null,
    unique_key: null,
    fingerprint: null,
    tenant: "default",
    workflow_id: null,
    lease_no: 1,
    next_attempt_at: null,
    attempts: [storedAttempt(1, { started_at: at(100), finished_at: at(900) })],
    attempts_total: 1,
    attempt_counts: { completed: 1 },
    links: { replay_of: null, replays: [] },
    ...more,
  };
}

export function storedAttempt(n: number, more: Partial<Attempt> = {}): Attempt {
  return {
    round: 1,
    attempt: n,
    lease_no: n,
    worker: "7c1f20aa-0000-7000-8000-000000000001",
    host: "worker-1",
    pid: 4711,
    waited: null,
    started_at: null,
    finished_at: null,
    outcome: "completed",
    error: null,
    ...more,
  };
}

export function rowOf(job: StoredJob): JobRow {
  const { attempts, attempts_total, attempt_counts, args, error, ...rest } = job;
  const preview = JSON.stringify(args);
  return {
    id: rest.id,
    task: rest.task,
    args_preview: preview.length > 300 ? `${preview.slice(0, 299)}…` : preview,
    queue: rest.queue,
    priority: rest.priority,
    state: rest.state,
    reason: rest.reason,
    round: rest.round,
    attempt: rest.attempt,
    max_attempts: rest.max_attempts,
    created_at: rest.created_at,
    run_at: rest.run_at,
    started_at: rest.started_at,
    finished_at: rest.finished_at,
    worker: rest.worker,
    progress: rest.progress,
    tags: rest.tags,
    error: error && { type: error.type, message: error.message },
    cancel_requested_at: rest.cancel_requested_at,
    lease_no: rest.lease_no,
  };
}

/** The n-th line of an attempt. */
export function storedLine(n: number, more: Partial<LogLine> = {}): LogLine {
  return {
    round: 1,
    attempt: 1,
    lease_no: 1,
    seq: n,
    at: new Date(Date.parse("2026-11-30T12:00:00Z") + n * 100).toISOString(),
    level: "info",
    message: `line ${n}`,
    fields: null,
    ...more,
  };
}

const FINAL = ["completed", "cancelled", "dead"];
const RETRIED = ["dead", "scheduled", "retrying"];

export function problem(status: number, code: string, detail: string) {
  return HttpResponse.json(
    { title: code, status, code, detail, request_id: "req-7", errors: [] },
    { status, headers: { "content-type": "application/problem+json" } },
  );
}

const named = (...names: string[]) => names.map((name) => ({ name }));

/** A server of jobs: what the list, the drawer and the acts ask for. */
export class JobsServer {
  jobs: StoredJob[] = [];
  /** Of each question for a list, its parameters. */
  asked: URLSearchParams[] = [];
  /** Method and path of each write. */
  writes: string[] = [];
  series: unknown = null;
  /** By id of the job. */
  logs = new Map<string, LogLine[]>();
  why: Wait = NO_WAIT;
  /** What the server suggests, by field; of others nothing fits. */
  suggested: { [field: string]: components["schemas"]["SuggestionOut"][] } = {};
  /** Most jobs of one page, whatever is asked for. */
  pageSize = 1000;

  /** Lines of a job, in the order in which they were written. */
  private log(id: string, params: URLSearchParams): components["schemas"]["LogsOut"] {
    const lines = this.logs.get(id) ?? [];
    const place = (line: LogLine) => `${line.lease_no}.${line.seq}`;
    const start = params.get("after") ? lines.findIndex((line) => place(line) === params.get("after")) + 1 : 0;
    const items = lines.slice(start, start + Number(params.get("limit") ?? 200));
    const last = items.at(-1);
    return {
      items,
      next: last ? place(last) : params.get("after"),
      more: start + items.length < lines.length,
      total: lines.length,
      dropped: 0,
    };
  }

  /** Newest first. */
  private sorted(): StoredJob[] {
    return this.jobs.toSorted((a, b) => (a.id < b.id ? 1 : -1));
  }

  find(id: unknown): StoredJob | undefined {
    return this.jobs.find((job) => job.id === id);
  }

  set(id: string, change: Partial<StoredJob>): void {
    this.jobs = this.jobs.map((job) => (job.id === id ? { ...job, ...change } : job));
  }

  private list(params: URLSearchParams) {
    this.asked.push(params);
    const is = (name: "queue" | "task" | "worker") => (job: StoredJob) =>
      !params.get(name) || job[name] === params.get(name);
    const states = params.get("state")?.split(",");
    const found = this.sorted().filter(
      (job) =>
        is("queue")(job) &&
        is("task")(job) &&
        is("worker")(job) &&
        (!states || states.includes(job.state)) &&
        (!params.get("tag") || job.tags.includes(params.get("tag") ?? "")) &&
        parseFilter(params.get("q") ?? "").terms.every((term) => fits(job, term)),
    );
    const ordered = params.get("sort") === "oldest" ? found.toReversed() : found;
    const start = params.get("cursor") ? ordered.findIndex((job) => job.id === params.get("cursor")) + 1 : 0;
    const items = ordered.slice(start, start + Math.min(this.pageSize, Number(params.get("limit") ?? 50)));
    const more = start + items.length < ordered.length;
    return {
      items: items.map(rowOf),
      next: more ? (items.at(-1)?.id ?? null) : null,
      looked_at: items.length,
      looked_until: null,
      complete: true,
    };
  }

  private stats() {
    const states: Record<string, number> = {};
    for (const { state } of this.jobs) states[state] = (states[state] ?? 0) + 1;
    return { states, queues: {}, as_of: "2026-11-30T12:00:00Z", exact: true };
  }

  private act(action: string, id: string) {
    this.writes.push(`${action} ${id}`);
    const refused = (code: string, detail: string) => ({ id, ok: false, answer: null, code, detail });
    const done = (answer: string) => ({ id, ok: true, answer, code: null, detail: null });
    const job = this.find(id);
    if (!job) return refused("not_found", "No such job");
    const final = FINAL.includes(job.state);
    if (action === "delete") {
      if (!final) return refused("conflict", "has not ended");
      this.jobs = this.jobs.filter((one) => one.id !== id);
      return done("deleted");
    }
    if (action === "cancel") {
      if (final) return refused("conflict", "has ended");
      const running = job.state === "running";
      this.set(
        id,
        running ? { cancel_requested_at: job.created_at } : { state: "cancelled", reason: "cancelled_by_user" },
      );
      return done(running ? "requested" : "cancelled");
    }
    if (!RETRIED.includes(job.state)) return refused("conflict", "cannot be retried");
    const dead = job.state === "dead";
    this.set(id, { state: "pending", reason: null, finished_at: null, round: job.round + (dead ? 1 : 0) });
    return done(dead ? "new_round" : "due_now");
  }

  private async actOnAll(action: string, request: Request) {
    const { ids } = (await request.json()) as { ids: string[] };
    return HttpResponse.json({ items: ids.map((id) => this.act(action, id)) });
  }

  handlers() {
    return [
      http.get(`${API}/jobs`, ({ request }) =>
        HttpResponse.json(this.list(new URL(request.url).searchParams) as never),
      ),
      http.get(`${API}/jobs/stats`, () => HttpResponse.json(this.stats())),
      http.post(`${API}/jobs/count`, () => HttpResponse.json({ value: this.jobs.length, exact: true })),
      http.get(`${API}/stats/series`, () =>
        this.series ? HttpResponse.json(this.series) : problem(404, "not_found", "Nothing matches the given URI"),
      ),
      http.get(`${API}/queues`, () => HttpResponse.json({ items: named("billing", "mail"), next: null })),
      http.get(`${API}/tasks`, () => HttpResponse.json({ items: named("send_email", "send_sms") })),
      http.get(`${API}/search/suggest`, ({ request }) => {
        const field = new URL(request.url).searchParams.get("field") ?? "";
        const items = this.suggested[field];
        if (!items) return problem(503, "store_unavailable", "the store does not answer");
        return HttpResponse.json({ field, items, counted: "newest_jobs", looked_at: 9, more: false });
      }),
      http.get(`${API}/workers`, () => HttpResponse.json({ items: [] })),
      http.get(`${API}/jobs/:id/logs`, ({ params, request }) =>
        HttpResponse.json(this.log(String(params.id), new URL(request.url).searchParams)),
      ),
      http.get(`${API}/jobs/:id/why`, () => HttpResponse.json(this.why)),
      http.get(`${API}/jobs/:id`, ({ params }) => {
        const job = this.find(params.id);
        return job ? HttpResponse.json(job as never) : problem(404, "not_found", `there is no job ${params.id}`);
      }),
      ...["retry", "cancel", "delete"].map((action) =>
        http.post(`${API}/jobs/${action}`, ({ request }) => this.actOnAll(action, request)),
      ),
    ];
  }
}

/** A part of the server's filters: text, error and paths of one name. */
function fits(job: StoredJob, { key, path, values, negated }: Term): boolean {
  const [value] = values;
  const wanted = value?.type === "word" ? value.text : value?.type === "json" ? value.token : "";
  if (key === "args") return (String(job.args[path[0] ?? ""]) === wanted) !== negated;
  if (key === "error") return (job.error?.type.endsWith(wanted) ?? false) !== negated;
  if (key === "task") return job.task.startsWith(wanted.replace("*", "")) !== negated;
  return JSON.stringify([job.task, job.args]).includes(wanted) !== negated;
}
