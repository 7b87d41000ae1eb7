// BullMQ on Redis; thread and process jobs run in its sandboxes, which load bullmq-body.mjs.

import { fileURLToPath } from "node:url";
import { body, main, onSigterm, peer, URL as REDIS } from "./common.mjs";

const { Queue, Worker } = peer("bullmq");

const NAME = "bench";
const CONCURRENCY = 50;
const SANDBOXES = 2;
const { hostname: host, port } = new globalThis.URL(REDIS);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const KEEP = { removeOnComplete: true };

const queue = () => new Queue(NAME, { connection, defaultJobOptions: KEEP });

async function prepare() {
  const made = queue();
  await made.waitUntilReady();
  await made.close();
}

async function client() {
  const used = queue();
  await used.waitUntilReady();
  return {
    one: (payload) => used.add("job", payload),
    many: (payloads) => used.addBulk(payloads.map((data) => ({ name: "job", data, opts: KEEP }))),
    left: async () => {
      const counts = await used.getJobCounts("waiting", "active", "delayed", "prioritized");
      return Object.values(counts).reduce((sum, count) => sum + count, 0);
    },
    close: () => used.close(),
  };
}

async function worker(kind, concurrency) {
  const sandboxed = kind === "thread" || kind === "process";
  const work = sandboxed
    ? fileURLToPath(new globalThis.URL("./bullmq-body.mjs", import.meta.url))
    : ((run) => (job) => run(job.data.sent))(body(kind));
  const options = { connection, concurrency: concurrency || (sandboxed ? SANDBOXES : CONCURRENCY) };
  const running = new Worker(NAME, work, { ...options, useWorkerThreads: kind === "thread" });
  running.on("error", (error) => console.error(error));
  onSigterm(() => running.close());
  await new Promise(() => {});
}

await main({ prepare, client, worker });
