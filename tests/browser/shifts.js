// Runs before the page does: how much of what is seen has moved without being asked to, and what it was.
globalThis.shifts = [];
new PerformanceObserver((list) => {
  for (const { value, hadRecentInput, sources } of list.getEntries()) {
    if (!hadRecentInput) shifts.push([value, sources.map(({ node }) => node?.textContent?.slice(0, 60) ?? "")]);
  }
}).observe({ type: "layout-shift", buffered: true });
