import { act, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pollDelay, usePolling } from "./poll";
import { setLiveStatus } from "./status";

function Asker({ ask, enabled = true, told }: { ask: () => Promise<unknown>; enabled?: boolean; told?: boolean }) {
  usePolling(ask, enabled, told);
  return null;
}

function hide(hidden: boolean) {
  Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  Reflect.deleteProperty(document, "hidden");
  setLiveStatus({ mode: "off" });
});
const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

test("at least 5 s, four times the last answer, and longer after failures", () => {
  expect(pollDelay(10, 0)).toBe(5000);
  expect(pollDelay(3000, 0)).toBe(12_000);
  expect(pollDelay(10, 1)).toBe(10_000);
  expect(pollDelay(10, 9)).toBe(40_000);
  expect(pollDelay(30_000, 3)).toBe(60_000);
});

test("it asks every 5 s while it is there", async () => {
  const ask = vi.fn(async () => {});
  const { unmount } = render(<Asker ask={ask} />);
  await pass(4999);
  expect(ask).not.toHaveBeenCalled();
  await pass(1);
  expect(ask).toHaveBeenCalledTimes(1);
  await pass(10_000);
  expect(ask).toHaveBeenCalledTimes(3);
  unmount();
  await pass(60_000);
  expect(ask).toHaveBeenCalledTimes(3);
});

test("a hidden page asks nothing, and at once when it is seen again", async () => {
  const ask = vi.fn(async () => {});
  render(<Asker ask={ask} />);
  hide(true);
  await pass(60_000);
  expect(ask).not.toHaveBeenCalled();
  await act(async () => hide(false));
  expect(ask).toHaveBeenCalledTimes(1);
});

test("paused or disabled it asks nothing", async () => {
  const ask = vi.fn(async () => {});
  setLiveStatus({ mode: "paused" });
  const { rerender } = render(<Asker ask={ask} />);
  await pass(20_000);
  setLiveStatus({ mode: "off" });
  rerender(<Asker ask={ask} enabled={false} />);
  await pass(20_000);
  expect(ask).not.toHaveBeenCalled();
});

test("beside a live feed it asks for what the feed does not tell, and for that alone", async () => {
  const ask = vi.fn(async () => {});
  setLiveStatus({ mode: "live" });
  const { rerender } = render(<Asker ask={ask} />);
  await pass(20_000);
  expect(ask).not.toHaveBeenCalled();
  rerender(<Asker ask={ask} told={false} />);
  await pass(5_000);
  expect(ask).toHaveBeenCalledTimes(1);
  rerender(<Asker ask={ask} told />);
  await pass(20_000);
  expect(ask).toHaveBeenCalledTimes(1);
});

test("a failure does not end it", async () => {
  const ask = vi.fn(async () => Promise.reject(new Error("down")));
  render(<Asker ask={ask} />);
  await pass(5000);
  await pass(10_000);
  expect(ask).toHaveBeenCalledTimes(2);
});
