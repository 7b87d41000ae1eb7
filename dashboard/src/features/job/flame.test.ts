import { expect, test } from "vitest";
import type { ProfileAnswer } from "@/api/inspections";
import { boxesOf, collapsedOf, flameOf } from "./flame";

const frame = (name: string) => ({ file: "/app/tasks.py", line: 3, function: name, code: null });

function profileOf(paths: [number[], number, boolean?][]): ProfileAnswer {
  return {
    host: "one",
    pid: 1,
    body: "thread",
    age: 1,
    rss: null,
    cpu_seconds: null,
    note: null,
    seconds: 1,
    samples: paths.reduce((sum, [, samples]) => sum + samples, 0),
    interval_ms: 10,
    overhead: 0,
    frames: ["report", "load", "draw"].map(frame),
    paths: paths.map(([frames, samples, waits = false]) => ({ frames, samples, waits })),
    left_out: 0,
    ended: false,
  };
}

test("paths that begin alike share their blocks, and the widest comes first", () => {
  const root = flameOf(
    profileOf([
      [[0, 1], 20],
      [[0, 2], 70, true],
      [[0], 10],
    ]),
  );
  const [report] = root.children;
  expect([root.total, root.own]).toEqual([100, 0]);
  expect([report?.total, report?.own]).toEqual([100, 10]);
  expect(report?.children.map(({ frame, total, waiting }) => [frame, total, waiting])).toEqual([
    [2, 70, 70],
    [1, 20, 0],
  ]);
});

test("a call that recurses is below itself", () => {
  const [outer] = flameOf(profileOf([[[0, 0, 0], 5]])).children;
  expect(outer?.children[0]?.children[0]?.own).toBe(5);
});

test("blocks are as wide as their shares, and what leads to an enlarged one fills the width above it", () => {
  const root = flameOf(
    profileOf([
      [[0, 1], 25],
      [[0, 2], 75],
    ]),
  );
  const shown = (top = root) => boxesOf(top).map(({ node, left, width, row }) => [node.frame, left, width, row]);
  expect(shown()).toEqual([
    [-1, 0, 1, 0],
    [0, 0, 1, 1],
    [2, 0, 0.75, 2],
    [1, 0.75, 0.25, 2],
  ]);
  const load = root.children[0]?.children[1];
  expect(shown(load)).toEqual([
    [-1, 0, 1, 0],
    [0, 0, 1, 1],
    [1, 0, 1, 2],
  ]);
});

test("blocks that could not be hit are not drawn", () => {
  expect(
    boxesOf(
      flameOf(
        profileOf([
          [[0], 9_999],
          [[1], 1],
        ]),
      ),
    ),
  ).toHaveLength(2);
});

test("it is copied as flame graph programs read it", () => {
  const profile = profileOf([
    [[0, 1], 25],
    [[2], 5],
  ]);
  profile.frames[2] = { ...frame("a;b"), line: 7 };
  expect(collapsedOf(profile)).toBe("report (tasks.py:3);load (tasks.py:3) 25\na:b (tasks.py:7) 5");
});
