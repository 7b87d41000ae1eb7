// What every Node adapter shares: the command line, the jobs, the bodies and the counter they tick.
// Keep it like common.py, which says what each command means.

import { appendFileSync, openSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { threadId } from "node:worker_threads";

export const URL = process.env.BENCH_URL ?? "";
const FOLDER = process.env.BENCH_FOLDER ?? ".";
const TOGETHER = 64;
const BULK = 1000;
const SLEEP_MS = 10;
const PACE_MS = [20, 60];
const FLUSH_MS = 1;

// Packages live in the peer's own folder, not above this file.
export const peer = createRequire(join(process.env.BENCH_MODULES ?? ".", "any.js"));

export function payload(number) {
  return { number, sent: Number(process.hrtime.bigint()), text: "x".repeat(50) };
}

function* chunks(count) {
  for (let first = 0; first < count; first += BULK) {
    const length = Math.min(BULK, count - first);
    yield Array.from({ length }, (_, index) => payload(first + index));
  }
}

const enqueue = {
  async one(client, count) {
    for (let number = 0; number < count; number++) await client.one(payload(number));
  },
  async together(client, count) {
    let next = 0;
    const caller = async () => {
      while (next < count) await client.one(payload(next++));
    };
    await Promise.all(Array.from({ length: TOGETHER }, caller));
  },
  async bulk(client, count) {
    for (const chunk of chunks(count)) await client.many(chunk);
  },
  async paced(client, count) {
    for (let number = 0; number < count; number++) {
      await sleep(PACE_MS[0] + Math.random() * (PACE_MS[1] - PACE_MS[0]));
      await client.one(payload(number));
    }
  },
};

const say = (answer) => process.stdout.write(JSON.stringify(answer) + "\n");

// adapter: prepare(), client() -> {one, many, left, close}, worker(kind, concurrency)
export async function main(adapter) {
  const [command, ...rest] = process.argv.slice(2);
  if (command === "prepare") return adapter.prepare();
  if (command === "worker") return adapter.worker(rest[0], Number(rest[1]));
  if (command === "serve") return adapter.serve();
  const client = await adapter.client();
  if (command === "left") {
    for await (const _ of createInterface({ input: process.stdin })) say({ left: await client.left() });
  } else {
    const begin = performance.now();
    await enqueue[command](client, Number(rest[0]));
    say({ seconds: (performance.now() - begin) / 1000 });
  }
  await client.close();
}

export function onSigterm(stop) {
  process.once("SIGTERM", async () => {
    await stop();
    process.exit(0);
  });
}

// The driver reads eight bytes; a write per job would measure writes, so there is at most one each millisecond.
const counter = { file: -1, count: 0n, timer: null, bytes: Buffer.alloc(8) };

function flush() {
  counter.timer = null;
  counter.bytes.writeBigUInt64LE(counter.count);
  writeSync(counter.file, counter.bytes, 0, 8, 0);
}

export function tick() {
  if (counter.file < 0) counter.file = openSync(join(FOLDER, `ticks-${process.pid}${threadId ? `-${threadId}` : ""}`), "w");
  counter.count++;
  counter.timer ??= setTimeout(flush, FLUSH_MS);
}

function stamp(sent) {
  const late = Number(process.hrtime.bigint()) - sent;
  appendFileSync(join(FOLDER, `stamps-${process.pid}`), `${late}\n`);
}

export function body(kind) {
  const bodies = {
    noop: async () => tick(),
    sleep: async () => {
      await sleep(SLEEP_MS);
      tick();
    },
    stamp: async (sent) => {
      stamp(sent);
      tick();
    },
    hang: async () => {
      tick();
      await new Promise(() => {});
    },
  };
  return bodies[kind];
}
