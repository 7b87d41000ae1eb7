import { Plus } from "lucide-react";
import { useAction } from "@/lib/actions";
import { useRefusal } from "@/lib/session";
import { words } from "@/lib/text/jobs";
import { Button } from "@/ui/button";

/** Opens the enqueue form, where there is one. */
export function EnqueueButton({ task }: { task: string | undefined }) {
  const enqueue = useAction("enqueue");
  const refusal = useRefusal("jobs:write");
  if (!enqueue) return null;
  return (
    <Button variant="primary" icon={<Plus aria-hidden size={15} />} refusal={refusal} onClick={() => enqueue(task)}>
      {/* One part of the button, so that the space between the words is that of the text. */}
      <span>
        {words.enqueue}
        <span className="max-sm:hidden"> {words.enqueueJob}</span>
      </span>
    </Button>
  );
}
