import type { Cause, ErrorDetail, QueueRow, SeriesOut, Summary, Wait, Worker } from "@/api/types";

/** A queue as the server answers it: of nothing, unless said. */
export function queueRow(
  name: string,
  more: Partial<QueueRow> & { pending?: number; running?: number } = {},
): QueueRow {
  const { pending = 0, running = 0, ...rest } = more;
  return {
    name,
    paused: false,
    paused_at: null,
    states: { scheduled: 0, pending, running, retrying: 0 },
    oldest_ready_age: null,
    retention: {},
    rate_in: null,
    rate_out: null,
    wait_p50: null,
    wait_p95: null,
    slots: null,
    eta: null,
    paused_by: null,
    reason: null,
    ...rest,
  };
}

/** A UUID that begins with a digit eight times, so that its short form is that. */
export function workerId(digit: number): string {
  return `${String(digit).repeat(8)}-0000-4000-8000-000000000000`;
}

type MoreOfWorker = Partial<Omit<Worker, "info">> & { info?: Partial<Worker["info"]> };

/** A living worker that serves every queue, as the server answers it. */
export function workerRow(digit: number, more: MoreOfWorker = {}): Worker {
  const { info, ...rest } = more;
  return {
    id: workerId(digit),
    supervisor: workerId(9),
    host: "alpha",
    pid: 4000 + digit,
    version: "1.4.0",
    release: null,
    started_at: `2026-11-30T11:00:0${digit}Z`,
    lease_until: "2026-11-30T12:00:15Z",
    ended_at: null,
    running: 0,
    state: "living",
    slots: 10,
    busy: 0,
    load: null,
    jobs: [],
    command: null,
    ...rest,
    info: {
      queues: [],
      tenants: [],
      tasks: [],
      concurrency: 10,
      isolated: false,
      commands: ["drain", "resume", "stop"],
      notes: {},
      ...info,
    },
  };
}

interface Figures {
  completed?: number[];
  failed?: number[];
  retried?: number[];
  dead?: number[];
  p50?: (number | null)[];
  p95?: (number | null)[];
}

/** History from 12:00 on, one step a minute; by name, or of all under `""`. */
export function seriesOf(figures: Record<string, Figures>, steps = 3, step = 60): SeriesOut {
  const start = Date.parse("2026-11-30T12:00:00Z");
  const at = Array.from({ length: steps }, (_, index) => new Date(start + index * step * 1000).toISOString());
  const counts = (values: number[] = []) => at.map((_, index) => values[index] ?? 0);
  const times = (values: (number | null)[] = []) => at.map((_, index) => values[index] ?? null);
  return {
    from: at[0] ?? "",
    to: new Date(start + steps * step * 1000).toISOString(),
    step,
    at,
    left_out: 0,
    releases: [],
    series: Object.entries(figures).map(([name, one]) => ({
      name: name || null,
      started: counts(one.completed),
      completed: counts(one.completed),
      failed: counts(one.failed),
      retried: counts(one.retried),
      dead: counts(one.dead),
      cancelled: counts(),
      arrived: times(one.completed),
      backlog: times(),
      wait: { p50: times(one.p50), p95: times(one.p95), p99: times() },
      run: { p50: times(), p95: times(), p99: times() },
    })),
  };
}

/** Figures of an hour in which nothing happened, unless said. */
export function summaryOf(more: Partial<Summary> = {}): Summary {
  const none = { p50: null, p95: null, p99: null };
  return {
    minutes: 60,
    seconds: 3600,
    started: 0,
    completed: 0,
    failed: 0,
    retried: 0,
    dead: 0,
    cancelled: 0,
    throughput: 0,
    failing: null,
    wait: none,
    run: none,
    ready: 0,
    oldest_ready_age: null,
    workers: 0,
    slots: 0,
    busy: 0,
    failing_tasks: [],
    ...more,
  };
}

/** A group of errors as the server answers it: open, of a failing delivery, unless said. */
export function errorGroup(digit: number, more: Partial<ErrorDetail> = {}): ErrorDetail {
  const minutesAgo = (n: number) => new Date(Date.now() - n * 60_000).toISOString();
  return {
    fingerprint: String(digit).repeat(16),
    type: "ConnectTimeout",
    message: "timed out after <number> s",
    task: "webhook.deliver",
    state: "open",
    reopened: false,
    count: 1204,
    first_at: minutesAgo(3 * 1440),
    last_at: minutesAgo(2),
    trend: [...Array(22).fill(0), 3, 9],
    dead: 12,
    resolved_at: null,
    muted_until: null,
    changed_at: null,
    changed_by: null,
    new_in: null,
    resolved_release: null,
    sample: null,
    releases: [],
    releases_total: 0,
    ...more,
  };
}

/** The answer for a job that does not wait. */
export const NO_WAIT: Wait = { waiting: false, causes: [], ahead: null, ahead_exact: true, eta_seconds: null };

/** What a ready job waits for, until an operator acts unless said otherwise. */
export function storedWait(cause: Partial<Cause> & Pick<Cause, "code" | "text">, place: Partial<Wait> = {}): Wait {
  const unpaused = { paused_at: null, paused_by: null, reason: null };
  return {
    ...NO_WAIT,
    waiting: true,
    causes: [{ stuck: true, fix: null, ...unpaused, ...cause }],
    ahead: 1204,
    ...place,
  };
}
