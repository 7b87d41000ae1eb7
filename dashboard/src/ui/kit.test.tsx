import { act, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test, vi } from "vitest";
import { Refused } from "@/api/refused";
import { Button } from "./button";
import { Confirm } from "./confirm";
import { Drawer } from "./drawer";
import { ErrorState } from "./error-state";
import { Field } from "./field";
import { Input } from "./input";
import { Json } from "./json";
import { Kit } from "./kit";
import { Region } from "./region";
import { StateLabel } from "./state-label";
import { Tabs } from "./tabs";
import { toast } from "./toast";
import { Traceback } from "./traceback";

test("a refused button does nothing, stays reachable and says why", async () => {
  const onClick = vi.fn();
  render(
    <Kit>
      <Button refusal="Needs jobs:write; your role is viewer" onClick={onClick}>
        Retry
      </Button>
    </Kit>,
  );
  const button = screen.getByRole("button", { name: "Retry" });
  await userEvent.tab();
  expect(document.activeElement).toBe(button);
  expect((await screen.findByRole("tooltip")).textContent).toContain("your role is viewer");
  await userEvent.keyboard("{Enter}");
  await userEvent.click(button);
  expect(onClick).not.toHaveBeenCalled();
  expect(button.getAttribute("aria-disabled")).toBe("true");
});

test("a state is never its colour alone", () => {
  render(<StateLabel state="dead" reason="crash_loop" word={false} />);
  expect(screen.getByText("Dead")).toBeDefined();
  expect(screen.getByText("crash loop")).toBeDefined();
});

test("a state of a later server is shown by its name", () => {
  render(<StateLabel state="hibernating" />);
  expect(screen.getByText("hibernating")).toBeDefined();
});

test("an error says what, why and its request, and can be tried again", async () => {
  const onRetry = vi.fn();
  render(
    <Kit>
      <ErrorState
        what="jobs"
        error={new Refused(503, "busy", "The store does not answer.", "d86f")}
        onRetry={onRetry}
      />
    </Kit>,
  );
  const alert = screen.getByRole("alert");
  for (const part of ["Could not load jobs", "The store does not answer.", "d86f"])
    expect(alert.textContent).toContain(part);
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(onRetry).toHaveBeenCalledTimes(1);
});

const query = { data: undefined as string | undefined, error: null as unknown, isFetching: false, refetch: vi.fn() };
const region = (part: Partial<typeof query> & { isPlaceholderData?: boolean }) => (
  <Kit>
    <Region query={{ ...query, ...part }} what="jobs" skeleton={<p>bones</p>}>
      {(data) => <p>{data}</p>}
    </Region>
  </Kit>
);

test("a region shows its skeleton after 150 ms, in the place it takes from the start", () => {
  vi.useFakeTimers();
  render(region({ isFetching: true }));
  const box = screen.getByText("bones").parentElement;
  expect(box?.className).toContain("invisible");
  act(() => vi.advanceTimersByTime(150));
  expect(box?.className).not.toContain("invisible");
  expect(box?.getAttribute("aria-busy")).toBe("true");
});

test("a region without data shows the error, with data both", () => {
  const error = new Error("no");
  const { rerender } = render(region({ error }));
  expect(screen.getByRole("alert").textContent).toContain("Could not load jobs");
  rerender(region({ error, data: "old rows" }));
  expect(screen.getByRole("alert")).toBeDefined();
  expect(screen.getByText("old rows").parentElement?.className).toContain("grayscale");
});

test("rows of the filter before are dimmed, inert, and below a progress line", () => {
  render(region({ data: "old rows", isFetching: true, isPlaceholderData: true }));
  expect(screen.getByRole("progressbar")).toBeDefined();
  expect(screen.getByText("old rows").parentElement?.hasAttribute("inert")).toBe(true);
});

test("a toast is announced and its action runs", async () => {
  const run = vi.fn();
  render(<Kit>{null}</Kit>);
  act(() => {
    toast({ title: "3 jobs deleted", action: { label: "Undo", run } });
  });
  await userEvent.click(await screen.findByRole("button", { name: "Undo" }));
  expect(run).toHaveBeenCalledTimes(1);
  await waitFor(() => expect(screen.queryByRole("button", { name: "Undo" })).toBeNull());
});

test("what cannot be taken back is typed first", async () => {
  const onConfirm = vi.fn();
  render(
    <Kit>
      <Confirm
        open
        onOpenChange={() => {}}
        title="Purge mail"
        verb="Purge 12 jobs"
        typed={{ expected: "mail", label: "Type mail to confirm" }}
        onConfirm={onConfirm}
      />
    </Kit>,
  );
  const button = screen.getByRole("button", { name: "Purge 12 jobs" });
  await userEvent.click(button);
  expect(onConfirm).not.toHaveBeenCalled();
  await userEvent.type(screen.getByLabelText("Type mail to confirm"), "mail");
  await userEvent.click(button);
  expect(onConfirm).toHaveBeenCalledTimes(1);
});

test("a field ties label, hint and error to its input", () => {
  render(
    <Field label="Queue" hint="Lower case" error="No such queue">
      <Input />
    </Field>,
  );
  const input = screen.getByLabelText("Queue");
  expect(input.getAttribute("aria-invalid")).toBe("true");
  const described = (input.getAttribute("aria-describedby") ?? "").split(" ").map((id) => document.getElementById(id));
  expect(described.map((element) => element?.textContent)).toEqual(["Lower case", "No such queue"]);
});

function Walk() {
  const [value, setValue] = useState("a");
  const tabs = [
    { id: "a", label: "A" },
    { id: "b", label: "B", count: "5" },
  ];
  return (
    <Tabs label="Parts" tabs={tabs} value={value} onChange={setValue} keys>
      {value}
    </Tabs>
  );
}

test("brackets walk through tabs", async () => {
  render(<Walk />);
  await userEvent.keyboard("]");
  expect(screen.getByRole("tab", { selected: true }).textContent).toBe("B5");
  expect(screen.getByRole("tabpanel").textContent).toBe("b");
  await userEvent.keyboard("]");
  expect(screen.getByRole("tabpanel").textContent).toBe("a");
});

function ListWithDrawer() {
  const [open, setOpen] = useState(false);
  return (
    <Kit>
      <button type="button" data-row="1" onClick={() => setOpen(true)}>
        row
      </button>
      {open ? (
        <Drawer label="Job a" onClose={() => setOpen(false)}>
          inside
        </Drawer>
      ) : null}
    </Kit>
  );
}

test.each([true, false])("Esc closes a drawer and the focus goes back (beside the list: %s)", async (wide) => {
  vi.spyOn(globalThis, "matchMedia").mockImplementation(
    (media) => ({ matches: wide, media, addEventListener() {}, removeEventListener() {} }) as unknown as MediaQueryList,
  );
  render(<ListWithDrawer />);
  await userEvent.click(screen.getByRole("button", { name: "row" }));
  const panel = screen.getByRole(wide ? "complementary" : "dialog", { name: "Job a" });
  expect(panel.contains(document.activeElement)).toBe(true);
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByText("inside")).toBeNull());
  await waitFor(() => expect(document.activeElement?.textContent).toBe("row"));
});

test("a payload is text, whatever it holds", () => {
  const text = '{"html":"<img src=x onerror=alert(1)>","n":9007199254740993}';
  const { container } = render(
    <Kit>
      <Json text={text} />
    </Kit>,
  );
  expect(container.querySelector("pre")?.textContent).toBe(text);
  expect(container.querySelector("img")).toBeNull();
});

test("a payload of 200 kB is cut until it is asked for", async () => {
  const text = `{"a":"${"x".repeat(200_000)}"}`;
  const { container } = render(
    <Kit>
      <Json text={text} />
    </Kit>,
  );
  expect(container.querySelector("pre")?.textContent?.length).toBe(20_000);
  await userEvent.click(screen.getByRole("button", { name: "Show all of 200 kB" }));
  expect(container.querySelector("pre")?.textContent?.length).toBe(text.length);
});

test("library frames are folded, one's own are open", async () => {
  const traceback = [
    "Traceback (most recent call last):",
    '  File "/srv/app/mail.py", line 3, in send',
    "    smtp.send()",
    '  File "/usr/lib/python3.12/smtplib.py", line 9, in send',
    "    self.sock.send()",
    "OSError: broken",
  ].join("\n");
  render(
    <Kit>
      <Traceback type="OSError" message="broken" traceback={traceback} />
    </Kit>,
  );
  expect(screen.getByText("smtp.send()")).toBeDefined();
  expect(screen.queryByText("self.sock.send()")).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "1 library frame" }));
  expect(screen.getByText("self.sock.send()")).toBeDefined();
});
