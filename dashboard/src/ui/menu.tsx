import { Check } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import { Fragment, type ReactNode } from "react";
import { cx } from "@/lib/cx";
import { Kbd } from "./kbd";

export interface MenuItem {
  label: string;
  icon?: ReactNode;
  onSelect?: () => void;
  /** A link to another document; opens in a tab of its own. */
  href?: string;
  /** The link leads to a file, which is saved. */
  download?: boolean;
  keyName?: string;
  /** At the right: a number. */
  count?: string;
  danger?: boolean;
  /** Why it cannot be used now; said below its label. */
  refusal?: string | undefined;
  /** One of several that exclude each other, or of several that are on or off. */
  checked?: boolean;
  /** The menu stays open: more than one can be chosen, or it shows what comes of it. */
  stays?: boolean;
}

/** Items that belong together; lines stand between groups. */
export interface MenuGroup {
  label?: string;
  items: readonly MenuItem[];
}

interface Props {
  /** A button. */
  trigger: ReactNode;
  /** Opened from elsewhere: the trigger only says where it stands. */
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  groups: readonly MenuGroup[];
  align?: "start" | "end";
  side?: "top" | "bottom";
  className?: string;
}

const ITEM =
  "flex min-h-8 cursor-default select-none items-center gap-2.5 rounded-s px-2 py-1 outline-none data-[highlighted]:bg-hover data-[disabled]:text-text-3";

/** Actions or choices that open from a button. */
export function Menu({ trigger, open, onOpenChange, groups, align = "end", side = "bottom", className }: Props) {
  return (
    // Not modal: a modal menu hides the page from readers while its links can still be reached.
    <DropdownMenu.Root
      modal={false}
      {...(open === undefined ? {} : { open })}
      {...(onOpenChange ? { onOpenChange } : {})}
    >
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align={align}
          side={side}
          sideOffset={6}
          collisionPadding={8}
          className={cx(
            "fade z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-48 overflow-y-auto rounded-l border border-border bg-raised p-1 shadow-3",
            className,
          )}
        >
          {groups.map((group, index) => (
            <Fragment key={group.label ?? group.items[0]?.label}>
              {index > 0 ? <DropdownMenu.Separator className="-mx-1 my-1 h-px bg-border" /> : null}
              <DropdownMenu.Group aria-label={group.label}>
                {group.label ? (
                  <DropdownMenu.Label className="px-2 pt-1.5 pb-1 text-11 text-text-3">
                    {group.label}
                  </DropdownMenu.Label>
                ) : null}
                {group.items.map((item) => (
                  <Item key={item.label} item={item} />
                ))}
              </DropdownMenu.Group>
            </Fragment>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

function Item({ item }: { item: MenuItem }) {
  const { label, icon, onSelect, href, download, keyName, count, danger, refusal, checked, stays } = item;
  const body = (
    <>
      {checked !== undefined ? (
        <span className="grid w-4 place-items-center">{checked ? <Check aria-hidden size={14} /> : null}</span>
      ) : icon ? (
        <span className={cx("grid w-4 place-items-center", !danger && "text-text-3")}>{icon}</span>
      ) : null}
      <span className="min-w-0 grow">
        {label}
        {refusal ? <span className="block text-11">{refusal}</span> : null}
      </span>
      {count ? <span className="text-12 text-text-3">{count}</span> : null}
      {keyName ? <Kbd>{keyName}</Kbd> : null}
    </>
  );
  const className = cx(ITEM, danger && "text-danger data-[highlighted]:bg-danger-soft");
  const select = (event: Event) => {
    if (stays) event.preventDefault();
    onSelect?.();
  };
  if (checked !== undefined) {
    return (
      <DropdownMenu.CheckboxItem checked={checked} className={className} onSelect={select}>
        {body}
      </DropdownMenu.CheckboxItem>
    );
  }
  if (href) {
    return (
      <DropdownMenu.Item asChild className={className}>
        <a href={href} {...(download ? { download: "" } : { target: "_blank" })} rel="noreferrer">
          {body}
        </a>
      </DropdownMenu.Item>
    );
  }
  return (
    <DropdownMenu.Item className={className} disabled={refusal !== undefined} onSelect={select}>
      {body}
    </DropdownMenu.Item>
  );
}
