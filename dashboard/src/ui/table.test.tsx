import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { ScrollerContext } from "./scroller";
import { type Column, Table } from "./table";
import { useSelection } from "./use-selection";

interface Item {
  id: string;
  name: string;
}

const items = (n: number): Item[] =>
  Array.from({ length: n }, (_, index) => ({ id: `${index}`, name: `item ${index}` }));
const COLUMNS: Column<Item>[] = [
  { id: "name", header: "Name", cell: (item) => <a href={`#${item.id}`}>{item.name}</a> },
];

function List({ rows, onOpen, onEnd }: { rows: Item[]; onOpen?: (id: string) => void; onEnd?: () => void }) {
  const selection = useSelection();
  const [active, setActive] = useState<string | null>(null);
  return (
    <>
      <output>{[...selection.ids].join(" ")}</output>
      <Table
        label="Items"
        rows={rows}
        getId={(item) => item.id}
        getName={(item) => item.name}
        columns={COLUMNS}
        selection={selection}
        active={active}
        onActive={setActive}
        {...(onOpen ? { onOpen } : {})}
        {...(onEnd ? { onEnd } : {})}
        pageKeys
      />
    </>
  );
}

const selected = () => screen.getByRole("status").textContent;
const current = () => document.querySelector("tr[aria-current=true]")?.getAttribute("data-row");

test("it is a table whose rows are numbered", () => {
  render(<List rows={items(3)} />);
  const table = screen.getByRole("table", { name: "Items" });
  expect(table.getAttribute("aria-rowcount")).toBe("4");
  expect(
    within(table)
      .getAllByRole("row")
      .map((row) => row.getAttribute("aria-rowindex")),
  ).toEqual(["1", "2", "3", "4"]);
});

test("j, k and arrows move, and the row has the focus", async () => {
  render(<List rows={items(3)} />);
  await userEvent.keyboard("jj");
  expect(current()).toBe("1");
  expect(document.activeElement?.getAttribute("data-row")).toBe("1");
  await userEvent.keyboard("k");
  expect(current()).toBe("0");
  await userEvent.keyboard("{ArrowDown}{ArrowDown}{ArrowDown}");
  expect(current()).toBe("2");
  await userEvent.keyboard("{Home}");
  expect(current()).toBe("0");
  await userEvent.keyboard("{End}");
  expect(document.activeElement?.getAttribute("data-row")).toBe("2");
});

test("Enter opens the row once; a link in it keeps its own Enter", async () => {
  const onOpen = vi.fn();
  render(<List rows={items(3)} onOpen={onOpen} />);
  await userEvent.keyboard("jj{Enter}");
  expect(onOpen.mock.calls).toEqual([["1"]]);
  screen.getByRole("link", { name: "item 1" }).focus();
  await userEvent.keyboard("{Enter}");
  expect(onOpen).toHaveBeenCalledTimes(1);
});

test("a click opens; on a control or on selected text it does not", async () => {
  const onOpen = vi.fn();
  render(<List rows={items(2)} onOpen={onOpen} />);
  const cell = screen.getByRole("link", { name: "item 0" }).closest("td");
  if (cell) await userEvent.click(cell);
  expect(onOpen.mock.calls).toEqual([["0"]]);
  await userEvent.click(screen.getByRole("checkbox", { name: "Select item 0" }));
  expect(onOpen).toHaveBeenCalledTimes(1);
});

test("x selects, Shift x a range, a all, Esc clears", async () => {
  render(<List rows={items(5)} />);
  await userEvent.keyboard("jx");
  expect(selected()).toBe("0");
  await userEvent.keyboard("jjj{Shift>}X{/Shift}");
  expect(selected()).toBe("0 1 2 3");
  await userEvent.keyboard("a");
  expect(selected()).toBe("0 1 2 3 4");
  await userEvent.keyboard("a");
  expect(selected()).toBe("");
  await userEvent.keyboard("x{Escape}");
  expect(selected()).toBe("");
});

test("a click with Shift selects a range", async () => {
  render(<List rows={items(5)} />);
  const user = userEvent.setup();
  await user.click(screen.getByRole("checkbox", { name: "Select item 1" }));
  await user.keyboard("{Shift>}");
  await user.click(screen.getByRole("checkbox", { name: "Select item 3" }));
  await user.keyboard("{/Shift}");
  expect(selected()).toBe("1 2 3");
});

test("the head selects and clears every row shown, and says when some are", async () => {
  render(<List rows={items(2)} />);
  const head = screen.getByRole("checkbox", { name: "Select all rows shown" });
  await userEvent.click(screen.getByRole("checkbox", { name: "Select item 0" }));
  expect(head.getAttribute("aria-checked")).toBe("mixed");
  await userEvent.click(head);
  expect(selected()).toBe("0 1");
  await userEvent.click(head);
  expect(selected()).toBe("");
});

test("one row is reached by Tab", async () => {
  render(<List rows={items(3)} />);
  expect(document.querySelectorAll("tbody tr[tabindex='0']")).toHaveLength(1);
  await userEvent.keyboard("jj");
  expect(document.querySelector("tbody tr[tabindex='0']")?.getAttribute("data-row")).toBe("1");
});

test("above 60 rows only those in view are in the document, in their place", () => {
  const scroller = document.createElement("div");
  scroller.getBoundingClientRect = () => new DOMRect(0, 0, 800, 400);
  Object.defineProperty(scroller, "clientHeight", { value: 400 });
  Object.defineProperty(scroller, "clientWidth", { value: 800 });
  const onEnd = vi.fn();
  render(
    <ScrollerContext value={scroller}>
      <List rows={items(1000)} onEnd={onEnd} />
    </ScrollerContext>,
  );
  const rows = document.querySelectorAll("tr[data-row]");
  expect(rows.length).toBeGreaterThan(9);
  expect(rows.length).toBeLessThan(60);
  expect(rows[0]?.getAttribute("aria-rowindex")).toBe("2");
  const spacer = document.querySelector<HTMLElement>("tbody tr[aria-hidden] td");
  expect(spacer?.style.height).toBe(`${(1000 - rows.length) * 40}px`);
  expect(onEnd).not.toHaveBeenCalled();
});

test("the last rows ask for more", () => {
  const onEnd = vi.fn();
  render(<List rows={items(20)} onEnd={onEnd} />);
  expect(onEnd).toHaveBeenCalled();
});
