import type { WorkerState } from "@/lib/worker-state";
import { plural } from "./plural";

const jobs = (n: number) => `${n} ${plural(n, { one: "job", other: "jobs" })}`;

const STATE: Record<WorkerState, string> = { living: "Living", draining: "Draining", lost: "Lost", ended: "Ended" };
const MEANING: Record<WorkerState, string> = {
  living: "It claims jobs",
  draining: "It claims no more jobs and finishes those that it has",
  lost: "Its lease is over: no heartbeat came in time",
  ended: "It ended in order",
};

const REFUSED = {
  gone: "It does not live any more",
  deaf: "Its version of TaskFlow knows no commands",
  isolated: "It ends by itself when no job is left that crashed a process",
  stopping: "It was told to stop",
};

type Command = "drain" | "resume" | "stop";

const VERB: Record<Command, string> = { drain: "Drain", resume: "Resume", stop: "Stop" };

const stopJobs = (n: number) =>
  `It claims no more. Its ${jobs(n)} ${plural(n, { one: "has", other: "have" })} the drain timeout to finish; what is left then goes back to its queue, runs on another worker, and the attempt is not counted.`;

/** Words of the workers. */
export const words = {
  list: "Workers",
  what: "workers",
  states: "States of workers",
  all: "All",
  state: (state: WorkerState) => STATE[state],
  meaning: (state: WorkerState) => MEANING[state],
  filter: "Filter workers",
  filterPlaceholder: "Filter by host, queue, id, release or version",
  worker: "Worker",
  serves: "Serves",
  everyQueue: "every queue",
  tenants: (names: string[]) => `${plural(names.length, { one: "tenant", other: "tenants" })} ${names.join(", ")}`,
  isolated: "jobs that crashed a process, one at a time",
  slots: "Slots",
  slotsOf: (busy: string, slots: string) => `${busy} of ${slots} slots busy`,
  busyOf: (busy: string, slots: string) => `${busy}/${slots}`,
  jobs: "Current jobs",
  allJobs: (n: string) => `all ${n}`,
  idle: "idle",
  cpu: "CPU",
  memory: "Memory",
  heartbeat: "Heartbeat",
  actions: "Actions",
  host: (host: string) => host,
  chartsOf: (host: string) => `Charts of ${host}`,
  supervisor: (id: string) => `supervisor ${id}`,
  pid: (pid: number) => `pid ${pid}`,
  release: (names: string[]) => `${plural(names.length, { one: "release", other: "releases" })} ${names.join(", ")}`,
  version: (versions: string[]) => `TaskFlow ${versions.join(", ")}`,
  groupBusy: (busy: string, slots: string) => `${busy} of ${slots} slots busy`,
  count: (n: number) => `${n} ${plural(n, { one: "worker", other: "workers" })}`,
  groupOf: (host: string, supervisor: string) => `${host}, supervisor ${supervisor}`,

  lostHolds: (n: number) => `Its ${jobs(n)} ${plural(n, { one: "is", other: "are" })} taken back and run again`,
  lostNone: "No job is left with it",
  endedHolds: (n: number) => `Its ${jobs(n)} ${plural(n, { one: "is", other: "are" })} taken back and run again`,
  endedNone: "No job is left with it",
  itsJobs: "its jobs",

  menu: (name: string) => `Actions for worker ${name}`,
  drain: "Drain…",
  resume: "Resume…",
  stop: "Stop…",
  showJobs: "Show its jobs",
  copyId: "Copy id",
  copied: "Copied",
  refused: (why: keyof typeof REFUSED) => REFUSED[why],

  question: (command: Command, name: string) => `${VERB[command]} worker ${name}?`,
  verb: (command: Command) => `${VERB[command]} worker`,
  consequence: (command: Command, n: number) => {
    if (command === "resume") return "It claims jobs again.";
    if (command === "drain") return "It claims no more jobs and finishes those that it has. It can be resumed.";
    return `${n > 0 ? stopJobs(n) : "It holds no job."} Its process ends and is not replaced by its supervisor: there is no way back.`;
  },
  stopping: "Stopping",
  saidBy: (meaning: string, who: string) => `${meaning}; said by ${who}`,
  stoppingMeaning: "It was told to end: it claims no more jobs and finishes those that it has",
  drained: (name: string) => `Worker ${name} drains`,
  drainedDetail: "It claims no more jobs from its next heartbeat on; nor does what replaces it.",
  resumed: (name: string) => `Worker ${name} claims again`,
  stopped: (name: string) => `Worker ${name} stops`,
  failed: (name: string) => `Worker ${name} did not get the command`,
  undo: "Undo",

  none: "No worker lives",
  noneHint: "Jobs wait until one does. Start it where your program is installed, with the same database:",
  command: "taskflow worker app:app",
  copyCommand: "Copy the command",
  noMatch: (text: string) => `No worker matches “${text}”`,
  noneOf: (state: WorkerState) => `No worker is ${STATE[state].toLowerCase()}`,
  clear: "Clear filter",
  showAll: "Show all workers",
} as const;
