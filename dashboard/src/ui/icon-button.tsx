import type { ComponentProps, ReactNode } from "react";
import { Button, type ButtonSize, type ButtonVariant } from "./button";
import { Tip } from "./tip";

interface Props extends Omit<ComponentProps<"button">, "children"> {
  /** The name of the action: what a reader hears and the tip says. */
  label: string;
  icon: ReactNode;
  variant?: ButtonVariant;
  size?: ButtonSize;
  /** Key that does the same, shown in the tip. */
  keyName?: string | undefined;
  refusal?: string | undefined;
  busy?: boolean;
}

/** A square button that is only an icon; its name is in the tip. */
export function IconButton({ label, icon, keyName, refusal, variant = "ghost", ...rest }: Props) {
  return (
    <Tip text={refusal ?? label} keyName={refusal ? undefined : keyName}>
      <Button {...rest} square variant={variant} aria-label={label} refusal={refusal} icon={icon} hasTip />
    </Tip>
  );
}
