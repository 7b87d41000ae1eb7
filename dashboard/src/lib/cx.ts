import { type ClassValue, clsx } from "clsx";
import { extendTailwindMerge } from "tailwind-merge";

// Our sizes have names of their own; without this, `text-13` would count as a colour and be dropped beside `text-text-2`.
const merge = extendTailwindMerge({
  extend: {
    theme: {
      text: ["11", "12", "13", "14", "16", "20", "28"],
      radius: ["s", "m", "l"],
      shadow: ["1", "2", "3"],
    },
  },
});

/** Join class names; of two that set the same property the later one stays. */
export function cx(...classes: ClassValue[]): string {
  return merge(clsx(classes));
}
