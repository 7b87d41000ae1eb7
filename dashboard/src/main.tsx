import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./styles/fonts.css";
import "./styles/app.css";
import { makeQueryClient } from "./api/queries";
import { reloadOnMissingChunk } from "./app/preload";
import { makeRouter } from "./app/router";
import { boot } from "./lib/boot";
import { applyAppearance } from "./lib/theme";
import { startLive } from "./live/live";
import { Kit } from "./ui/kit";

// Radix writes style elements; the policy lets them through by this nonce.
(globalThis as { __webpack_nonce__?: string }).__webpack_nonce__ = boot.nonce;

reloadOnMissingChunk();
applyAppearance();

const queryClient = makeQueryClient();
startLive(queryClient);
const router = makeRouter(queryClient);
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <Kit>
          <RouterProvider router={router} />
        </Kit>
      </QueryClientProvider>
    </StrictMode>,
  );
}
