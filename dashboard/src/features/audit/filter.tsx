import { X } from "lucide-react";
import { useState } from "react";
import { isRange, RANGES } from "@/lib/range";
import { words } from "@/lib/text/audit";
import { range as rangeWords } from "@/lib/text/range";
import { visible } from "@/lib/visible";
import { Chip } from "@/ui/chip";
import { FilterInput } from "@/ui/filter-input";
import { IconButton } from "@/ui/icon-button";
import { Select } from "@/ui/select";
import { type AuditSearch, KEYS, termOf } from "./search";

const ANY = "any";

interface Props {
  search: AuditSearch;
  onChange: (next: Partial<AuditSearch>) => void;
}

/** Who, what and to what as chips; a field that adds to them with Enter; the range of time. */
export function Filter({ search, onChange }: Props) {
  const [text, setText] = useState("");
  const chips = KEYS.filter((key) => search[key]);
  return (
    <div className="flex shrink-0 flex-wrap items-center gap-2 border-border border-b px-5 py-3 max-md:px-4">
      <form
        className="flex min-w-48 grow"
        onSubmit={(event) => {
          event.preventDefault();
          const term = termOf(text);
          if (term === null) return;
          setText("");
          onChange({ [term.key]: term.value });
        }}
      >
        <FilterInput label={words.filter} placeholder={words.filterPlaceholder} value={text} onChange={setText} />
      </form>
      {chips.map((key) => (
        <Chip
          key={key}
          tone="accent"
          name={`${key}:${search[key]}`}
          onRemove={() => onChange({ [key]: undefined })}
          className="h-6"
        >
          {visible(`${key}:${search[key]}`)}
        </Chip>
      ))}
      {chips.length > 1 ? (
        <IconButton
          label={words.clear}
          icon={<X aria-hidden size={14} />}
          onClick={() => onChange({ actor: undefined, action: undefined, object: undefined })}
        />
      ) : null}
      <Select
        label={rangeWords.label}
        className="w-40"
        value={search.range ?? ANY}
        options={[
          { value: ANY, label: words.anyTime },
          ...RANGES.map((one) => ({ value: one, label: rangeWords.last[one] })),
        ]}
        onChange={(next) => onChange({ range: isRange(next) ? next : undefined })}
      />
    </div>
  );
}
