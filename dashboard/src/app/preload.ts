const KEY = "taskflow.reloaded";
const ONCE_IN = 30_000;

/** A chunk is gone: another build was deployed. Reload, at most once in 30 s, so that a broken one does not loop. */
export function reloadOnMissingChunk(now: () => number = Date.now, reload: () => void = () => location.reload()): void {
  addEventListener("vite:preloadError", (event) => {
    let last = 0;
    try {
      last = Number(sessionStorage.getItem(KEY) ?? 0);
      sessionStorage.setItem(KEY, String(now()));
    } catch {
      return; // Without a memory there is no way to reload only once: the error boundary says what happened.
    }
    if (now() - last < ONCE_IN) return;
    event.preventDefault();
    reload();
  });
}
