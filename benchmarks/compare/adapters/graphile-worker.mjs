// graphile-worker on PostgreSQL, with the local queue and the batches of its performance page.

import { body, main, onSigterm, peer, URL } from "./common.mjs";

// Its own performance test writes no line per job either.
process.env.NO_LOG_SUCCESS = "1";
const { makeWorkerUtils, run } = peer("graphile-worker");
const { Pool } = peer("pg");

const TASK = "job";
const CONCURRENCY = 24;
const LOCAL_QUEUE = 500;

async function prepare() {
  const utils = await makeWorkerUtils({ connectionString: URL });
  await utils.migrate();
  await utils.release();
}

async function client() {
  const pgPool = new Pool({ connectionString: URL, max: 16 });
  pgPool.on("error", () => {});
  const utils = await makeWorkerUtils({ pgPool });
  return {
    one: (payload) => utils.addJob(TASK, payload),
    many: (payloads) => utils.addJobs(payloads.map((payload) => ({ identifier: TASK, payload }))),
    left: async () => {
      const { rows } = await pgPool.query("SELECT count(*)::int AS count FROM graphile_worker.jobs");
      return rows[0].count;
    },
    close: async () => {
      await utils.release();
      await pgPool.end();
    },
  };
}

async function worker(kind, concurrency) {
  const work = body(kind);
  const concurrentJobs = concurrency || CONCURRENCY;
  const runner = await run({
    preset: {
      worker: {
        connectionString: URL,
        concurrentJobs,
        maxPoolSize: CONCURRENCY + 1,
        localQueue: { size: Math.max(LOCAL_QUEUE, concurrentJobs + 1) },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
    noHandleSignals: true,
    taskList: { [TASK]: (payload) => work(payload.sent) },
  });
  onSigterm(() => runner.stop());
  await runner.promise;
}

await main({ prepare, client, worker });
