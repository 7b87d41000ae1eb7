import { afterEach, vi } from "vitest";

afterEach(() => {
  vi.useRealTimers();
});

// Tests of pure code run without a document, and so without what only a document needs.
if (globalThis.document) {
  const { cleanup, configure } = await import("@testing-library/react");
  const { session, setSession } = await import("@/lib/session");
  const { currentToasts, dismissToast } = await import("@/ui/toast");
  const first = session();
  // A failure says what was expected; the whole document beside it hides that.
  configure({
    asyncUtilTimeout: 15_000, // what must come is waited for; a busy machine takes its time
    getElementError: (message) => new Error(message ?? "not found"),
  });
  // Files share their modules, and with them what those remember of a test.
  afterEach(() => {
    cleanup();
    localStorage.clear();
    setSession(first);
    for (const { id } of currentToasts()) dismissToast(id);
  });
}
