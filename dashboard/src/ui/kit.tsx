import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { ReasonDialog } from "./reason-dialog";
import { Toasts } from "./toasts";

/** What the parts need around them: tips that share a delay, the place of messages, and that of the question why. */
export function Kit({ children }: { children: ReactNode }) {
  return (
    <Tooltip.Provider delayDuration={400} skipDelayDuration={200}>
      <Toasts>
        {children}
        <ReasonDialog />
      </Toasts>
    </Tooltip.Provider>
  );
}
