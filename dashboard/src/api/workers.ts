import { isAlive, type WorkerState } from "@/lib/worker-state";
import { client, take } from "./client";
import type { Worker } from "./types";

export type { Worker } from "./types";

/** Workers of one supervisor, on one host. */
export interface WorkerGroup {
  supervisor: string;
  host: string;
  versions: string[];
  /** Of its program: none if it announces none. */
  releases: string[];
  slots: number;
  busy: number;
  /** Of those that claim. */
  serving: number;
  workers: Worker[];
}

/** Whether it claims jobs from queues; an isolated one takes only what crashed a process. */
export function isServing(worker: Worker): boolean {
  return worker.state === "living" && worker.info.isolated !== true;
}

/** Whether a queue of a tenant is among what it serves. */
export function serves(worker: Worker, queue: string, tenant: string): boolean {
  const { queues, tenants = [] } = worker.info;
  return (queues.length === 0 || queues.includes(queue)) && (tenants.length === 0 || tenants.includes(tenant));
}

/** Slots of the workers that live, and how many of them hold a job. */
export function slotsOf(workers: readonly Worker[]): { busy: number; slots: number; workers: number } {
  const living = workers.filter((one) => isServing(one) || one.state === "draining");
  return {
    busy: living.reduce((sum, one) => sum + one.busy, 0),
    slots: living.reduce((sum, one) => sum + one.slots, 0),
    workers: living.length,
  };
}

const RANK: Record<WorkerState, number> = { lost: 0, living: 1, draining: 1, ended: 2 };

// The isolated one of a supervisor stands below those that serve queues.
function rankOf(worker: Worker): number {
  return 2 * RANK[worker.state] + (worker.info.isolated ? 1 : 0);
}

/**
 * Group workers by host and supervisor; the oldest supervisor first, so that groups keep their place. Groups of which
 * nothing is left come last: every restart leaves one.
 */
export function groupWorkers(workers: readonly Worker[]): WorkerGroup[] {
  const groups = new Map<string, Worker[]>();
  for (const worker of workers) {
    const group = groups.get(worker.supervisor);
    if (group) group.push(worker);
    else groups.set(worker.supervisor, [worker]);
  }
  return [...groups.entries()]
    .map(([supervisor, members]) => groupOf(supervisor, members))
    .sort(
      (a, b) =>
        Number(isOver(a)) - Number(isOver(b)) || compare(a.host, b.host) || compare(firstStart(a), firstStart(b)),
    );
}

function groupOf(supervisor: string, members: Worker[]): WorkerGroup {
  const { busy, slots } = slotsOf(members);
  return {
    supervisor,
    host: members[0]?.host ?? "",
    versions: [...new Set(members.map((one) => one.version))].sort(),
    releases: [...new Set(members.flatMap((one) => one.release ?? []))].sort(),
    busy,
    slots,
    serving: members.filter(isServing).length,
    workers: members.sort((a, b) => rankOf(a) - rankOf(b) || compare(a.started_at, b.started_at)),
  };
}

function isOver(group: WorkerGroup): boolean {
  return group.workers.every((one) => one.state === "ended");
}

function firstStart(group: WorkerGroup): string {
  return group.workers.map((one) => one.started_at).sort()[0] ?? "";
}

function compare(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Whether a text is found in what names a worker: id, host, queue, release, version, supervisor. */
export function workerMatches(worker: Worker, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return true;
  const names = [worker.id, worker.supervisor, worker.host, worker.version, String(worker.pid)];
  return [...names, worker.release ?? "", ...worker.info.queues].some((name) => name.toLowerCase().includes(wanted));
}

export type WorkerCommand = "drain" | "resume" | "stop";

/** Tell a worker to claim no more, to claim again, or to end. It obeys with its next heartbeat. */
export function commandWorker(id: string, command: WorkerCommand, reason: string | null): Promise<Worker> {
  const params = { path: { worker_id: id } };
  return take(client.POST(`/api/v1/workers/{worker_id}/${command}`, { params, body: { reason } }));
}

/** Whether it was told to end; there is no way back. */
export function isStopping(worker: Worker): boolean {
  return isAlive(worker.state) && worker.command?.do === "stop";
}

/** Why a worker cannot be told: it does not live, its version does not know the command, or it ends anyway. */
export function commandRefusal(
  worker: Worker,
  command: WorkerCommand,
): "gone" | "deaf" | "isolated" | "stopping" | null {
  if (!isAlive(worker.state)) return "gone";
  if (!worker.info.commands?.includes(command)) return "deaf";
  if (worker.info.isolated) return "isolated";
  return isStopping(worker) ? "stopping" : null;
}
