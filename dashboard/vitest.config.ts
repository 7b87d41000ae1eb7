import { mergeConfig } from "vite";
import { configDefaults, defineConfig } from "vitest/config";
import build from "./vite.config.ts";

// What the feed knows is one for a page, so these tests are a page each.
const LIVE = "src/live/**/*.test.{ts,tsx}";

export default mergeConfig(
  build,
  defineConfig({
    test: {
      environment: "happy-dom",
      environmentOptions: { happyDOM: { url: "http://localhost:3000/" } },
      setupFiles: ["src/test/setup.ts"],
      restoreMocks: true,
      unstubGlobals: true,
      // Rendering takes long on a machine that others share; nothing here waits for a time to pass.
      testTimeout: 30_000,
      projects: [
        // Modules are loaded once for all files, which halves the time; src/test/setup.ts resets what they remember.
        {
          extends: true,
          test: {
            name: "pages",
            include: ["src/**/*.test.{ts,tsx}"],
            exclude: [...configDefaults.exclude, LIVE],
            isolate: false,
          },
        },
        { extends: true, test: { name: "live", include: [LIVE] } },
      ],
    },
  }),
);
