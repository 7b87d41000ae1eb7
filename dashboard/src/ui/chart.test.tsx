import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
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
