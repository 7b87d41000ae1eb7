import { createElement } from "react";
import { afterEach, vi } from "vitest";

// There is no canvas to draw on. One stand-in for all files: they share modules, and the first one's would stay.
vi.mock("@/ui/chart-canvas", () => ({
  default: ({ name }: { name: string }) => createElement("div", { role: "img", "aria-label": name }),
}));

afterEach(() => {
  vi.useRealTimers();
});

// Tests of pure code run without a document, and so without what only a document needs.
if (globalThis.document) {
  const { cleanup, configure } = await import("@testing-library/react");
  const { session, setSession } = await import("@/lib/session");
  const { zoneChoice } = await import("@/lib/zone");
  const { currentToasts, dismissToast } = await import("@/ui/toast");
  const { currentQuestion } = await import("@/ui/ask-reason");
  const first = session();
  // A failure says what was expected; the whole document beside it hides that.
  configure({
    asyncUtilTimeout: 15_000, // what must come is waited for; a busy machine takes its time
    getElementError: (message) => new Error(message ?? "not found"),
  });
  // Files share their modules, and with them what those remember of a test.
  afterEach(() => {
    currentQuestion()?.answer(null);
    cleanup();
    setSession(first);
    zoneChoice.set("local");
    localStorage.clear();
    for (const { id } of currentToasts()) dismissToast(id);
  });
}
