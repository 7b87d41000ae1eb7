import { copyText } from "@/lib/copy";
import { kit } from "@/lib/text/kit";
import { toast } from "./toast";

/** Copy from a menu, which closes and so cannot show that it did: a message says so. */
export async function copyAndSay(text: string): Promise<void> {
  if (await copyText(text)) toast({ title: kit.copied, detail: text });
  else toast({ title: kit.copyFailed, tone: "danger" });
}
