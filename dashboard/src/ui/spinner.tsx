import { LoaderCircle } from "lucide-react";

/** Something of this button or line is under way. The word beside it says what. */
export function Spinner({ size = 16 }: { size?: number }) {
  return <LoaderCircle aria-hidden size={size} className="turn shrink-0" />;
}
