import { ArrowDownToLine, Download, Pause, Search } from "lucide-react";
import { LEVELS, logFile } from "@/api/logs";
import { cx } from "@/lib/cx";
import { log as words } from "@/lib/text/log";
import { Button, buttonClass } from "@/ui/button";
import { CopyButton } from "@/ui/copy-button";
import { Input } from "@/ui/input";
import { type Option, Select } from "@/ui/select";
import { Tip } from "@/ui/tip";
import type { LogSearch } from "./log-search";
import { type LogRow, textOf } from "./log-view";
import type { Following } from "./use-following";

interface Props {
  id: string;
  /** What is shown, for copying. */
  rows: readonly LogRow[];
  search: LogSearch;
  /** The attempts that have lines. */
  attempts: readonly Option[];
  onSearch: (search: LogSearch) => void;
  /** Null: it does not grow any longer. */
  following: Following | null;
}

const LEVEL_OPTIONS = LEVELS.map((level) => ({ value: level, label: words.least(level) }));
const EVERY = "all";

/** Which lines are shown, and what can be done with them; stays in view while they scroll. */
export function LogToolbar({ id, rows, search, attempts, onSearch, following }: Props) {
  return (
    <div
      role="toolbar"
      aria-label={words.toolbar}
      className="sticky top-0 z-10 -mx-5 flex flex-wrap items-center gap-2 border-border border-b bg-surface px-5 py-2 max-md:-mx-4 max-md:px-4"
    >
      <span className="flex min-w-40 grow basis-40">
        <Input
          type="search"
          aria-label={words.search}
          placeholder={words.search}
          value={search.text}
          autoComplete="off"
          spellCheck={false}
          before={<Search aria-hidden size={14} />}
          onChange={(event) => onSearch({ ...search, text: event.target.value })}
        />
      </span>
      <Select
        label={words.level}
        className="w-36"
        value={search.level}
        options={LEVEL_OPTIONS}
        onChange={(level) => onSearch({ ...search, level: LEVELS.find((one) => one === level) ?? "debug" })}
      />
      {attempts.length > 1 ? (
        <Select
          label={words.attempts}
          className="w-36"
          value={search.attempt ?? EVERY}
          options={[{ value: EVERY, label: words.everyAttempt }, ...attempts]}
          onChange={(attempt) => onSearch({ ...search, attempt: attempt === EVERY ? null : attempt })}
        />
      ) : null}
      <span className="ml-auto flex items-center gap-1">
        {following ? (
          <Button
            variant="secondary"
            aria-pressed={following.on}
            icon={following.on ? <Pause aria-hidden size={14} /> : <ArrowDownToLine aria-hidden size={14} />}
            onClick={following.toggle}
          >
            {following.on ? words.pause : words.follow}
          </Button>
        ) : null}
        <CopyButton text={() => textOf(rows, (line) => words.attempt(line.attempt, line.round))} label={words.copy} />
        <Tip text={words.download}>
          <a
            href={logFile(id)}
            download
            aria-label={words.download}
            className={cx(buttonClass({ variant: "ghost", size: "s", square: true }))}
          >
            <Download aria-hidden size={14} />
          </a>
        </Tip>
      </span>
    </div>
  );
}
