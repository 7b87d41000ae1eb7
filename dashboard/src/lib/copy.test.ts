import { afterEach, expect, test, vi } from "vitest";
import { copyText } from "./copy";

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.innerHTML = "";
});

function stubCommand(works: boolean) {
  const seen: string[] = [];
  document.execCommand = vi.fn(() => {
    const field = document.activeElement;
    if (field instanceof HTMLTextAreaElement) seen.push(field.value);
    return works;
  });
  return seen;
}

test("takes the clipboard where there is one", async () => {
  const writeText = vi.fn(async () => {});
  vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
  expect(await copyText("a")).toBe(true);
  expect(writeText).toHaveBeenCalledWith("a");
});

test("on plain HTTP it copies a selection, and leaves nothing behind", async () => {
  vi.stubGlobal("navigator", { ...navigator, clipboard: undefined });
  const seen = stubCommand(true);
  document.body.innerHTML = "<button>x</button>";
  const button = document.querySelector("button");
  button?.focus();
  expect(await copyText("line 1\nline 2")).toBe(true);
  expect(seen).toEqual(["line 1\nline 2"]);
  expect(document.querySelector("textarea")).toBeNull();
  expect(document.activeElement).toBe(button);
});

test("a permission that is denied falls back too", async () => {
  const writeText = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
  vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText } });
  const seen = stubCommand(true);
  expect(await copyText("a")).toBe(true);
  expect(seen).toEqual(["a"]);
});

test("says so when nothing works", async () => {
  vi.stubGlobal("navigator", { ...navigator, clipboard: undefined });
  stubCommand(false);
  expect(await copyText("a")).toBe(false);
});

test("in a dialog it works inside of its focus trap", async () => {
  vi.stubGlobal("navigator", { ...navigator, clipboard: undefined });
  document.body.innerHTML = '<div role="dialog"><button>x</button></div>';
  document.querySelector("button")?.focus();
  let inside = false;
  document.execCommand = () => {
    inside = document.activeElement?.closest("[role=dialog]") !== null;
    return true;
  };
  await copyText("a");
  expect(inside).toBe(true);
});
