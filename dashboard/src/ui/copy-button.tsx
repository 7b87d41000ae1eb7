import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { copyText } from "@/lib/copy";
import { kit } from "@/lib/text/kit";
import { IconButton } from "./icon-button";
import { toast } from "./toast";

interface Props {
  /** The text, or what makes it at the moment it is copied. */
  text: string | (() => string);
  /** What is copied, for readers: "Copy job id". */
  label?: string;
  keyName?: string;
  size?: "m" | "s";
  className?: string;
}

/** Copies, and says so for a moment. Works over plain HTTP. */
export function CopyButton({ text, label = kit.copy, keyName, size = "s", className }: Props) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1500);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <>
      <IconButton
        size={size}
        label={copied ? kit.copied : label}
        keyName={keyName}
        className={className}
        icon={copied ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />}
        onClick={async () => {
          if (await copyText(typeof text === "string" ? text : text())) setCopied(true);
          else toast({ title: kit.copyFailed, tone: "danger" });
        }}
      />
      <span aria-live="polite" className="sr-only">
        {copied ? kit.copied : ""}
      </span>
    </>
  );
}
