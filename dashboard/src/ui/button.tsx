import { cva } from "class-variance-authority";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "@/lib/cx";
import { Spinner } from "./spinner";
import { Tip } from "./tip";

export type ButtonVariant = "primary" | "secondary" | "ghost" | "danger";
export type ButtonSize = "m" | "s";

export const buttonClass = cva(
  [
    "inline-flex shrink-0 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-m font-medium",
    "transition-colors duration-(--tf-fast) aria-disabled:cursor-not-allowed aria-disabled:opacity-50",
  ],
  {
    variants: {
      variant: {
        primary: "bg-primary text-on-primary shadow-1 hover:bg-primary-hover",
        secondary: "border border-border-strong bg-surface text-text shadow-1 hover:bg-hover",
        ghost: "text-text-2 hover:bg-hover hover:text-text data-[state=open]:bg-hover",
        danger: "text-danger hover:bg-danger hover:text-on-danger",
      },
      size: {
        m: "h-(--tf-control-h) px-3 text-13",
        s: "h-7 gap-1.5 rounded-s px-2 text-12",
      },
      square: { true: "px-0 text-text-2 hover:text-text", false: "" },
    },
    compoundVariants: [
      { square: true, size: "m", class: "w-(--tf-control-h)" },
      { square: true, size: "s", class: "w-7" },
    ],
    defaultVariants: { variant: "secondary", size: "m", square: false },
  },
);

interface Props extends ComponentProps<"button"> {
  variant?: ButtonVariant;
  size?: ButtonSize;
  square?: boolean;
  icon?: ReactNode;
  /** Why it cannot be used now; it stays focusable and says so. */
  refusal?: string | undefined;
  /** Its action is under way: shows it and ignores presses. */
  busy?: boolean;
  /** A tip is around it already. */
  hasTip?: boolean;
}

export function Button({
  variant = "secondary",
  size = "m",
  square = false,
  icon,
  refusal,
  busy = false,
  hasTip = false,
  className,
  children,
  onClick,
  type = "button",
  ...rest
}: Props) {
  const idle = refusal !== undefined || busy;
  const button = (
    <button
      {...rest}
      type={type}
      aria-disabled={idle || undefined}
      aria-busy={busy || undefined}
      className={cx(buttonClass({ variant, size, square }), className)}
      onClick={(event) => {
        if (idle) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {busy ? <Spinner /> : icon}
      {children}
    </button>
  );
  // Always there, so that a button keeps its focus when it becomes refused.
  return hasTip ? button : <Tip text={refusal}>{button}</Tip>;
}
