import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { Toasts } from "./toasts";

/** What the parts need around them: tips that share a delay, and the place of messages. */
export function Kit({ children }: { children: ReactNode }) {
  return (
    <Tooltip.Provider delayDuration={400} skipDelayDuration={200}>
      <Toasts>{children}</Toasts>
    </Tooltip.Provider>
  );
}
