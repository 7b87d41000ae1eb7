import type { Source, Surroundings } from "./hub";

/** The browser, for a hub in a worker or in the page. */
export const browser: Surroundings = {
  open: (url) => new EventSource(url) as unknown as Source,
  async isSignedIn(api) {
    try {
      const answer = await fetch(`${api}/session`, { headers: { accept: "application/json" } });
      return answer.status !== 401;
    } catch {
      return true; // an outage: nobody knows
    }
  },
  now: () => Date.now(),
  steady: () => performance.now(),
  later(run, ms) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
