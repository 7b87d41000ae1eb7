import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { precompress } from "./precompress.ts";
import { preloads } from "./preloads.ts";

// The pages that are opened most; each is what src/app/router.tsx loads.
const PRELOADED = {
  "": "src/app/home.tsx",
  jobs: "src/app/jobs-route.tsx",
  queues: "src/features/queues/page.tsx",
  workers: "src/features/workers/page.tsx",
  errors: "src/features/errors/page.tsx",
};
// Few files instead of one for each set of pages that share a module: a browser asks an HTTP/1.1 server for six at a
// time, so that sixty small ones are ten turns of the line.
const GROUPS = [
  { name: "program", tags: ["$initial" as const], priority: 2 },
  { name: "shared", minShareCount: 2, entriesAware: true, entriesAwareMergeThreshold: 40_000, priority: 1 },
];
const API = process.env.TASKFLOW_API ?? "http://127.0.0.1:8080";

// What the build needs and no more: tests have a configuration of their own, so that a build does not need vitest.
export default defineConfig({
  // Chunks find each other relative to themselves, so that one build serves every path prefix.
  base: "./",
  plugins: [react(), tailwindcss(), preloads(PRELOADED), precompress()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  worker: { format: "es" },
  // `npm run dev` beside a server: TASKFLOW_API=http://127.0.0.1:8080
  server: { proxy: Object.fromEntries(["/api", "/docs", "/health"].map((path) => [path, API])) },
  build: {
    outDir: "../src/taskflowmq/_dashboard",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // tools/bundle.py measures what is sent.
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      // How long each plugin took is no warning.
      checks: { pluginTimings: false },
      output: { codeSplitting: { groups: GROUPS } },
    },
  },
});
