import { describe, expect, it } from "vitest";
import { queueRow, workerRow } from "@/test/rows";
import { attentionOf } from "./attention";
import { oldestOf, rateOut, shapeQueues, sortQueues } from "./queues";

describe("queues", () => {
  it("know which living workers serve them", () => {
    const all = [
      workerRow(1, { info: { queues: ["mail"] } }),
      workerRow(2, { info: { tenants: ["other"] } }),
      workerRow(3, { info: { isolated: true } }),
      workerRow(4, { state: "draining" }),
      workerRow(5, { state: "lost" }),
    ];
    const served = shapeQueues([queueRow("mail"), queueRow("media")], all, "default");
    expect(served.map((queue) => [queue.name, queue.workers])).toEqual([
      ["mail", 1],
      ["media", 0],
    ]);
    expect(shapeQueues([queueRow("media")], all, "other")[0]?.workers).toBe(1);
    expect(shapeQueues([queueRow("media")], undefined, "default")[0]?.workers).toBeNull();
  });

  it("add up their rates; one without claims has none", () => {
    expect(rateOut([queueRow("a", { rate_out: 2 }), queueRow("b"), queueRow("c", { rate_out: 0.5 })])).toBe(2.5);
    expect(rateOut([])).toBe(0);
  });

  it("name the one whose oldest job waits longest", () => {
    const rows = [queueRow("a", { oldest_ready_age: 3 }), queueRow("b"), queueRow("c", { oldest_ready_age: 9 })];
    expect(oldestOf(rows)).toEqual({ name: "c", age: 9 });
    expect(oldestOf([queueRow("a")])).toBeNull();
  });

  it("sort with the unknown last, whichever way, and equals by name", () => {
    const rows = shapeQueues(
      [
        queueRow("c", { oldest_ready_age: 5 }),
        queueRow("b"),
        queueRow("a", { oldest_ready_age: 5 }),
        queueRow("d", { oldest_ready_age: 1 }),
      ],
      undefined,
      "default",
    );
    const names = (descending: boolean) => sortQueues(rows, "oldest", descending).map((queue) => queue.name);
    expect(names(true)).toEqual(["a", "c", "d", "b"]);
    expect(names(false)).toEqual(["d", "a", "c", "b"]);
  });
});

describe("what needs attention", () => {
  const serving = [workerRow(1, { info: { queues: ["mail"] } })];

  it("is nothing while every queue with ready jobs is served", () => {
    const queues = shapeQueues([queueRow("mail", { pending: 4 }), queueRow("idle")], serving, "default");
    expect(attentionOf(queues, serving, 0)).toEqual([]);
  });

  it("is what nobody will run, lost workers, dead jobs, pauses with a backlog, in this order", () => {
    const all = [workerRow(1, { info: { queues: ["mail"] } }), workerRow(2, { state: "lost" })];
    const queues = shapeQueues(
      [
        queueRow("imports", { pending: 2, oldest_ready_age: 60 }),
        queueRow("mail", { pending: 9, paused: true, paused_by: "ada", reason: "deploy" }),
        queueRow("media", { pending: 7 }),
        queueRow("quiet", { paused: true }),
      ],
      all,
      "default",
    );
    const found = attentionOf(queues, all, 3);
    expect(found.map((item) => ("queue" in item ? `${item.kind} ${item.queue}` : item.kind))).toEqual([
      "unserved media",
      "unserved imports",
      "lost",
      "dead",
      "paused mail",
    ]);
    expect(found.at(-1)).toMatchObject({ by: "ada", reason: "deploy", ready: 9 });
  });

  it("counts queues beyond the first four", () => {
    const rows = [1, 2, 3, 4, 5, 6].map((n) => queueRow(`q${n}`, { pending: n }));
    const found = attentionOf(shapeQueues(rows, serving, "default"), serving, 0);
    expect(found).toHaveLength(5);
    expect(found.at(-1)).toEqual({ kind: "more unserved", queues: 2, ready: 3 });
  });

  it("names a fifth queue instead of counting it alone", () => {
    const rows = [1, 2, 3, 4, 5].map((n) => queueRow(`q${n}`, { pending: n }));
    const found = attentionOf(shapeQueues(rows, serving, "default"), serving, 0);
    expect(found.map((item) => ("queue" in item ? item.queue : item.kind))).toEqual(["q5", "q4", "q3", "q2", "q1"]);
  });
});
