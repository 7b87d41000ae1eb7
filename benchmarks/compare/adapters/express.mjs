// The endpoint most Node projects would write: Express takes a JSON body, Ajv checks it, BullMQ stores it.

import { main, onSigterm, peer, URL as REDIS } from "./common.mjs";

const express = peer("express");
const Ajv = peer("ajv");
const { Queue } = peer("bullmq");

const LARGEST_BODY = "16mb";
const MOST_JOBS = 10_000;
const { hostname: host, port } = new globalThis.URL(REDIS);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };

const job = {
  type: "object",
  additionalProperties: false,
  required: ["task"],
  properties: {
    task: { type: "string", minLength: 1, maxLength: 128 },
    args: {
      type: "object",
      additionalProperties: false,
      required: ["number", "sent", "text"],
      properties: { number: { type: "integer" }, sent: { type: "integer" }, text: { type: "string" } },
    },
  },
};
const jobs = {
  type: "object",
  additionalProperties: false,
  required: ["jobs"],
  properties: { jobs: { type: "array", minItems: 1, maxItems: MOST_JOBS, items: job } },
};

const checks = new (Ajv.default ?? Ajv)();
const valid = { job: checks.compile(job), jobs: checks.compile(jobs) };
const queue = () => new Queue("bench", { connection, defaultJobOptions: { removeOnComplete: true } });

function endpoint(used) {
  const app = express();
  app.disable("x-powered-by");
  app.use(express.json({ limit: LARGEST_BODY }));
  app.post("/api/v1/jobs", async (request, response) => {
    if (!valid.job(request.body)) return response.status(422).json({ errors: valid.job.errors });
    const added = await used.add(request.body.task, request.body.args);
    response.status(201).json({ id: added.id, state: "pending" });
  });
  app.post("/api/v1/jobs/bulk", async (request, response) => {
    if (!valid.jobs(request.body)) return response.status(422).json({ errors: valid.jobs.errors });
    const added = await used.addBulk(request.body.jobs.map(({ task, args }) => ({ name: task, data: args })));
    response.status(201).json({ ids: added.map(({ id }) => id), created: added.length });
  });
  return app;
}

async function serve() {
  const used = queue();
  await used.waitUntilReady();
  const server = endpoint(used).listen(0, "127.0.0.1", () => {
    console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
  });
  onSigterm(() => used.close());
  await new Promise(() => {});
}

async function prepare() {
  const made = queue();
  await made.waitUntilReady();
  await made.close();
}

async function client() {
  const used = queue();
  await used.waitUntilReady();
  const left = async () => {
    const counts = await used.getJobCounts("waiting", "active", "delayed", "prioritized");
    return Object.values(counts).reduce((sum, count) => sum + count, 0);
  };
  return { left, close: () => used.close() };
}

await main({ prepare, client, serve });
