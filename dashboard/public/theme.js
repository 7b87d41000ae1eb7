// Blocks the first paint, so that neither the theme nor the density flashes, nor the frame before a sign-in. What it
// reads, Settings and the server write.
(() => {
  const root = document.documentElement;
  let theme = "system";
  let density = "comfortable";
  try {
    theme = localStorage.getItem("taskflow.theme") ?? theme;
    density = localStorage.getItem("taskflow.density") ?? density;
  } catch {
    // No storage: the system decides.
  }
  const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "dark" : "light";
  root.dataset.density = density === "compact" ? "compact" : "comfortable";
  if (JSON.parse(document.getElementById("boot")?.textContent || "{}").role === null) root.dataset.signIn = "";
})();
