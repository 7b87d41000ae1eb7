// uPlot calls `new Intl.NumberFormat(navigator.language)` when it is imported, and throws for `en-US@posix`. Import this
// first.
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, "language", { value: "en-US", configurable: true });
}
