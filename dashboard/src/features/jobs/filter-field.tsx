import { ListFilter, Pencil, X } from "lucide-react";
import { type KeyboardEvent, useId, useRef, useState } from "react";
import type { Fault } from "@/filter/terms";
import { cx } from "@/lib/cx";
import { shortId } from "@/lib/id";
import { useKeys } from "@/lib/keys";
import { words } from "@/lib/text/jobs";
import { Chip } from "@/ui/chip";
import { IconButton } from "@/ui/icon-button";
import { Kbd } from "@/ui/kbd";
import { FilterList } from "./filter-list";
import { formatFilter, formatTerm, parseFilter, type Term, tokenAt } from "./grammar";
import { placeOf, problemWords } from "./problem-words";
import { type Suggestion, useSuggestions } from "./suggestions";

interface Props {
  terms: readonly Term[];
  /** Put the terms in the place of those of the same key. */
  onAdd: (terms: readonly Term[]) => void;
  onReplace: (terms: readonly Term[]) => void;
  onRemove: (term: Term) => void;
  onClear: () => void;
  onOpenJob: (id: string) => void;
}

/** Chips of the filter in force, and a field that adds to them: `queue:mail -task:send_*`. The pencil makes text of them. */
export function FilterField({ terms, onAdd, onReplace, onRemove, onClear, onOpenJob }: Props) {
  const input = useRef<HTMLInputElement>(null);
  const listId = useId();
  const [text, setText] = useState("");
  const [caret, setCaret] = useState(0);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const [problem, setProblem] = useState<Fault | null>(null);
  /** Whether the text stands for the chips. */
  const [editing, setEditing] = useState(false);
  const token = tokenAt(text, caret);
  const completions = useSuggestions(token, open && problem === null);
  const suggestions = problem ? fixesOf(problem, text) : completions;
  const chips = editing ? [] : terms;
  const shown = open && (suggestions.length > 0 || problem !== null);

  useKeys({
    "/": (event) => {
      event.preventDefault();
      input.current?.focus();
    },
  });

  function edit(next: string, at: number) {
    setText(next);
    setCaret(at);
    setChosen(-1);
    setProblem(null);
    setOpen(true);
  }

  function apply(value: string) {
    const parsed = parseFilter(value);
    const all = editing ? parsed.terms : [...terms, ...parsed.terms];
    const fault = parsed.problem ?? parseFilter(formatFilter(all)).problem;
    setProblem(fault);
    if (fault) return show(fault, value);
    edit("", 0);
    setOpen(false);
    setEditing(false);
    if (parsed.jobId) onOpenJob(parsed.jobId);
    else if (editing) onReplace(parsed.terms);
    else if (parsed.terms.length > 0) onAdd(parsed.terms);
  }

  /** Select what is wrong, so that typing replaces it. */
  function show(fault: Fault, value: string) {
    setOpen(true);
    const { from, to } = placeOf(fault, value);
    input.current?.setSelectionRange(from, to);
  }

  function take({ insert, whole, place }: Suggestion) {
    const { from, to } = place ?? token;
    const next = text.slice(0, from) + insert + text.slice(to);
    if (whole) apply(next);
    else edit(next, from + insert.length);
    input.current?.focus();
  }

  function editAsText() {
    const whole = formatFilter(terms);
    setEditing(true);
    edit(whole, whole.length);
    input.current?.focus();
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>) {
    const last = terms.at(-1);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!open) setOpen(true);
      else if (suggestions.length > 0) {
        const step = event.key === "ArrowDown" ? 1 : -1;
        // One place more than there are suggestions: the text itself.
        const next = ((chosen + 1 + step + suggestions.length + 1) % (suggestions.length + 1)) - 1;
        setChosen(next);
        document.getElementById(`${listId}-${next}`)?.scrollIntoView({ block: "nearest" });
      }
    } else if (event.key === "Enter") {
      const suggestion = suggestions[chosen];
      if (open && suggestion) take(suggestion);
      else apply(text);
    } else if (event.key === "Escape") {
      if (shown) setOpen(false);
      else if (text || editing) {
        edit("", 0);
        setOpen(false);
        setEditing(false);
      } else event.currentTarget.blur();
    } else if (event.key === "Backspace" && text === "" && last && !editing) {
      onRemove(last);
      return;
    } else {
      return;
    }
    event.preventDefault();
  }

  return (
    // Where this width does not fit beside the buttons, they stand below it: no chip is broken for them.
    <div className="relative min-w-0 grow basis-80">
      {/* biome-ignore lint/a11y/noStaticElementInteractions lint/a11y/useKeyWithClickEvents: a press beside the input is meant for it; keys reach it by Tab and "/" */}
      <div
        className={cx(
          "flex min-h-(--tf-control-h) min-w-0 flex-wrap items-center gap-1.5 rounded-m border border-border-strong bg-surface py-0.5 pr-1.5 pl-2.5 shadow-1",
          "has-[input:focus-visible]:outline-2 has-[input:focus-visible]:outline-focus has-[input:focus-visible]:outline-offset-1",
        )}
        onClick={(event) => {
          if (event.target === event.currentTarget) input.current?.focus();
        }}
      >
        <ListFilter aria-hidden size={14} className="mr-0.5 shrink-0 text-text-3" />
        {chips.map((term) => (
          <Chip
            key={`${term.key}:${term.value}`}
            mono
            tone="accent"
            title={formatTerm(term)}
            name={formatTerm(term)}
            className="max-w-60"
            onRemove={() => {
              onRemove(term);
              input.current?.focus();
            }}
          >
            {term.key === "worker" ? `worker:${shortId(term.value)}` : formatTerm(term)}
          </Chip>
        ))}
        <input
          ref={input}
          role="combobox"
          aria-label={words.filter}
          aria-expanded={shown}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={shown && chosen >= 0 ? `${listId}-${chosen}` : undefined}
          aria-invalid={problem !== null || undefined}
          aria-keyshortcuts="/"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          value={text}
          placeholder={chips.length > 0 || editing ? "" : words.filterPlaceholder}
          className="h-6 min-w-16 grow basis-16 truncate bg-transparent outline-none placeholder:text-text-3"
          onChange={(event) => edit(event.target.value, event.target.selectionStart ?? event.target.value.length)}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart ?? 0)}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
        {chips.length > 0 ? (
          <span className="flex shrink-0">
            <IconButton
              size="s"
              className="size-6"
              label={words.editFilter}
              icon={<Pencil aria-hidden size={13} />}
              onClick={editAsText}
            />
            <IconButton
              size="s"
              className="size-6"
              label={words.clearFilter}
              icon={<X aria-hidden size={14} />}
              onClick={onClear}
            />
          </span>
        ) : text === "" ? (
          <Kbd>{"/"}</Kbd>
        ) : null}
      </div>
      <FilterList
        id={listId}
        open={shown}
        suggestions={suggestions}
        chosen={chosen}
        problem={problem ? problemWords(problem, text) : null}
        onChoose={setChosen}
        onTake={take}
      />
    </div>
  );
}

/** What was probably meant, in the place of what is wrong. */
function fixesOf(fault: Fault, text: string): Suggestion[] {
  const { hint } = fault;
  return hint === null
    ? []
    : [{ label: words.replaceBy(hint), insert: hint, whole: false, place: placeOf(fault, text) }];
}
