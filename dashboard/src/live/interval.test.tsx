import { act, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { useInterval } from "./interval";
import { type LiveStatus, setLiveStatus } from "./status";

function Shown({ beside }: { beside?: number }) {
  return <output>{String(useInterval(2, beside))}</output>;
}

afterEach(() => setLiveStatus({ mode: "off" }));

const of = (status: LiveStatus) => {
  act(() => setLiveStatus(status));
  return screen.getByRole("status").textContent;
};

test("what the feed tells is not asked for; without it every 2 s, while it fails every 5 s, paused not at all", () => {
  render(<Shown />);
  expect(of({ mode: "off" })).toBe("2000");
  expect(of({ mode: "live" })).toBe("false");
  expect(of({ mode: "reconnecting", since: 0 })).toBe("5000");
  expect(of({ mode: "polling", everySeconds: 5, asOf: 0 })).toBe("5000");
  expect(of({ mode: "paused" })).toBe("false");
});

test("what the feed does not tell is asked for beside it, at its own pace", () => {
  render(<Shown beside={60} />);
  expect(of({ mode: "live" })).toBe("60000");
  expect(of({ mode: "paused" })).toBe("false");
});
