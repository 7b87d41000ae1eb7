// Runs before the page does: when the first and the largest part of it was painted, and how much moved afterwards.
globalThis.paint = { first: 0, largest: 0, shift: 0, longest: 0 };
const observe = (type, keep) => {
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) keep(entry);
  }).observe({ type, buffered: true });
};
observe("paint", ({ name, startTime }) => {
  if (name === "first-contentful-paint") paint.first = startTime;
});
observe("largest-contentful-paint", ({ startTime }) => {
  paint.largest = startTime;
});
observe("layout-shift", ({ value, hadRecentInput }) => {
  if (!hadRecentInput) paint.shift += value;
});
observe("longtask", ({ duration }) => {
  paint.longest = Math.max(paint.longest, duration);
});
