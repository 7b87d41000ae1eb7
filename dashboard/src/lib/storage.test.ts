import { expect, test, vi } from "vitest";
import { stored } from "./storage";

type Choice = "a" | "b";
const valid = (text: string): text is Choice => text === "a" || text === "b";

test("a choice outlives the page", () => {
  stored<Choice>("choice", "a", valid).set("b");
  expect(stored<Choice>("choice", "a", valid).get()).toBe("b");
  expect(localStorage.getItem("taskflow.choice")).toBe("b");
});

test("what another version stored is dropped", () => {
  localStorage.setItem("taskflow.choice", "zebra");
  expect(stored<Choice>("choice", "a", valid).get()).toBe("a");
});

test("another tab is followed", () => {
  const choice = stored<Choice>("choice", "a", valid);
  const listener = vi.fn();
  choice.subscribe(listener);
  dispatchEvent(new StorageEvent("storage", { key: "taskflow.choice", newValue: "b" }));
  expect(choice.get()).toBe("b");
  expect(listener).toHaveBeenCalledTimes(1);
});

test("without storage the choice lasts for the visit", () => {
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("off", "SecurityError");
  });
  const choice = stored<Choice>("choice", "a", valid);
  choice.set("b");
  expect(choice.get()).toBe("b");
});
