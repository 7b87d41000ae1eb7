import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import * as csv from "@/lib/csv";
import { zoneChoice } from "@/lib/zone";
import { Chart } from "./chart";
import { stackTotals } from "./chart-bars";
import { isInside } from "./chart-size";
import { Kit } from "./kit";

// A canvas draws nothing here; what it is given, the table shows.
const AT = [Date.parse("2026-11-30T12:00:00Z"), Date.parse("2026-11-30T12:01:00Z")];
const SERIES = [
  { id: "a", label: "completed", token: "--tf-control", values: [12, null], total: "12" },
  { id: "b", label: "dead", token: "--tf-dead", values: [1, 2], total: "3" },
];

test("a chart has a name, and a table of its numbers with the newest first", async () => {
  render(
    <Kit>
      <Chart title="Ended" kind="bars" scale="count" at={AT} series={SERIES} format={(value) => `${value} jobs`} />
    </Kit>,
  );
  expect(await screen.findByRole("img", { name: "Ended" })).toBeDefined();
  expect(screen.queryByRole("table")).toBeNull();
  const toggle = screen.getByRole("button", { name: "Show Ended as a table" });
  expect(toggle.getAttribute("aria-pressed")).toBe("false");
  await userEvent.click(toggle);
  const rows = within(screen.getByRole("table", { name: "Ended" })).getAllByRole("row");
  expect(rows.map((row) => [...row.children].slice(1).map((cell) => cell.textContent))).toEqual([
    ["completed", "dead"],
    ["–", "2 jobs"],
    ["12 jobs", "1 jobs"],
  ]);
  expect(screen.queryByRole("img")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "Show Ended as a chart" }));
  expect(await screen.findByRole("img", { name: "Ended" })).toBeDefined();
});

const marks = [
  { at: Date.parse("2026-11-30T11:59:00Z"), label: "v1" },
  { at: Date.parse("2026-11-30T12:01:07Z"), label: "v2" },
  { at: Date.parse("2026-11-30T12:01:30Z"), label: "v3" },
];

test("a chart names the marks of its range, and its table has them beside the numbers of their step", async () => {
  zoneChoice.set("Asia/Tokyo");
  render(
    <Kit>
      <Chart title="Ended" scale="count" at={AT} series={SERIES} format={String} marks={marks} />
    </Kit>,
  );
  const image = await screen.findByRole("img", { name: /^Ended\. Releases: v2 at .*21:01.*, v3 at .*21:01/ });
  expect(image.getAttribute("aria-label")).not.toContain("v1");
  await userEvent.click(screen.getByRole("button", { name: "Show Ended as a table" }));
  const rows = within(screen.getByRole("table", { name: "Ended" })).getAllByRole("row");
  expect(rows.map((row) => row.lastElementChild?.textContent)).toEqual(["Release", "v2, v3", ""]);
});

test("a chart without marks in its range is as if there were none", async () => {
  render(
    <Kit>
      <Chart title="Ended" scale="count" at={AT} series={SERIES} format={String} marks={marks.slice(0, 1)} />
    </Kit>,
  );
  expect(await screen.findByRole("img", { name: "Ended" })).toBeDefined();
  await userEvent.click(screen.getByRole("button", { name: "Show Ended as a table" }));
  expect(screen.queryByRole("columnheader", { name: "Release" })).toBeNull();
});

test("of many marks a chart names the newest five, and says how many come before", async () => {
  const many = Array.from({ length: 12 }, (_, index) => ({ at: (AT[0] ?? 0) + index * 1000, label: `v${index}` }));
  render(
    <Kit>
      <Chart title="Ended" scale="count" at={AT} series={SERIES} format={String} marks={many} />
    </Kit>,
  );
  expect(await screen.findByRole("img", { name: /^Ended\. Releases: v7 at .* and 7 before$/ })).toBeDefined();
});

test("the file of a chart has the marks of each step, safe from spreadsheets", async () => {
  const saved = vi.spyOn(csv, "saveText").mockImplementation(() => undefined);
  const formula = { at: AT[0] ?? 0, label: "=1+1" };
  render(
    <Kit>
      <Chart title="Ended" scale="count" at={AT} series={SERIES} format={String} marks={[formula, ...marks]} />
    </Kit>,
  );
  await userEvent.click(screen.getByRole("button", { name: "Save Ended as CSV" }));
  expect(saved).toHaveBeenCalledWith(
    "ended.csv",
    expect.stringContaining("csv"),
    'Time,completed,dead,Release\r\n2026-11-30T12:00:00.000Z,12,1,\'=1+1\r\n2026-11-30T12:01:00.000Z,,2,"v2, v3"\r\n',
  );
  saved.mockRestore();
});

test("a chart without values says so in its place", async () => {
  render(
    <Kit>
      <Chart title="Ended" scale="count" at={[]} series={[]} format={String} empty="No attempt ended" />
    </Kit>,
  );
  expect(await screen.findByText("No attempt ended")).toBeDefined();
});

test("a stack is as high as what is known of it", () => {
  expect(stackTotals(2, SERIES)).toEqual([13, 2]);
});

test.each([
  [50, true],
  [15, true],
  [85, true],
  [14, false],
  [86, false],
])("a label of 30 px in the middle of %i of 100 px is shown as a whole or not: %s", (middle, shown) => {
  expect(isInside(middle, 30, 100)).toBe(shown);
});
