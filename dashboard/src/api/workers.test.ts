import { describe, expect, it } from "vitest";
import { workerId, workerRow } from "@/test/rows";
import { groupWorkers, slotsOf, workerMatches } from "./workers";

describe("workers", () => {
  it("count the slots of those that live and serve queues", () => {
    const all = [
      workerRow(1, { busy: 4, slots: 10 }),
      workerRow(2, { busy: 1, slots: 10, state: "draining" }),
      workerRow(3, { busy: 0, slots: 1, info: { isolated: true } }),
      workerRow(4, { busy: 3, slots: 10, state: "lost" }),
      workerRow(5, { slots: 10, state: "ended" }),
    ];
    expect(slotsOf(all)).toEqual({ busy: 5, slots: 20, workers: 2 });
  });

  it("stand below their supervisor: lost ones first, the isolated and the ended last", () => {
    const groups = groupWorkers([
      workerRow(1, { state: "ended" }),
      workerRow(2, { info: { isolated: true } }),
      workerRow(3, { version: "1.3.9", busy: 2 }),
      workerRow(4, { state: "lost" }),
      workerRow(5, { host: "beta", supervisor: workerId(8) }),
    ]);
    expect(groups.map((group) => [group.host, group.workers.map((worker) => worker.id[0])])).toEqual([
      ["alpha", ["4", "3", "2", "1"]],
      ["beta", ["5"]],
    ]);
    expect(groups[0]).toMatchObject({ versions: ["1.3.9", "1.4.0"], busy: 2, slots: 10, serving: 1 });
  });

  it("name the releases of their programs once, and none where none is announced", () => {
    const groups = groupWorkers([
      workerRow(1, { release: "shop-2.5.0" }),
      workerRow(2, { release: "shop-2.4.1" }),
      workerRow(3, { release: "shop-2.5.0" }),
      workerRow(4, { host: "beta", supervisor: workerId(8) }),
    ]);
    expect(groups.map((group) => group.releases)).toEqual([["shop-2.4.1", "shop-2.5.0"], []]);
  });

  it("of a supervisor that ended stand below the others", () => {
    const groups = groupWorkers([
      workerRow(1, { state: "ended", supervisor: workerId(8), started_at: "2026-11-30T08:00:00Z" }),
      workerRow(2, { supervisor: workerId(9), started_at: "2026-11-30T09:00:00Z" }),
    ]);
    expect(groups.map((group) => group.supervisor)).toEqual([workerId(9), workerId(8)]);
  });

  it("are found by what names them", () => {
    const worker = workerRow(1, { release: "shop-2.5.0", info: { queues: ["mail"] } });
    expect(
      ["1111", "ALPHA", "mai", "1.4", "SHOP-2", " ", "4001"].map((text) => workerMatches(worker, text)),
    ).not.toContain(false);
    expect(workerMatches(worker, "media")).toBe(false);
  });
});
