import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { Refused } from "@/api/refused";
import { signIn } from "@/api/session";
import { useSession } from "@/lib/session";
import { kit } from "@/lib/text/kit";
import { shell } from "@/lib/text/shell";
import { Button } from "@/ui/button";
import { Field } from "@/ui/field";
import { Input } from "@/ui/input";
import { Mark } from "./mark";

/** Asks for an API key. The page that was wanted follows at the same address. */
export function SignIn() {
  const { ended } = useSession();
  const queryClient = useQueryClient();
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  useEffect(() => {
    document.title = shell.title(shell.signIn);
    // What the cache holds belongs to whoever was here before.
    queryClient.clear();
  }, [queryClient]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const value = key.trim();
    if (!value) return setProblem(shell.apiKeyNeeded);
    setBusy(true);
    setProblem(undefined);
    try {
      await signIn(value);
    } catch (error) {
      const refused = error instanceof Refused && (error.status === 401 || error.status === 403);
      setProblem(refused ? shell.apiKeyRefused : error instanceof Error ? error.message : kit.unexpected);
      setBusy(false);
    }
  }

  return (
    <main className="grid min-h-dvh place-items-center bg-app px-4 py-10">
      <form onSubmit={submit} noValidate className="w-90 max-w-full">
        <Mark size={36} />
        <h1 className="mt-5 font-semibold text-20">{shell.signIn}</h1>
        <p className="mt-1 mb-6 text-text-2">{ended ? shell.signedOut : shell.signInHint}</p>
        {/* For password managers, which keep a password under a name. */}
        <input type="text" name="username" autoComplete="username" value={shell.apiKey} readOnly hidden />
        <Field label={shell.apiKey} error={problem}>
          <Input
            autoFocus
            type="password"
            name="api-key"
            autoComplete="current-password"
            spellCheck={false}
            mono
            value={key}
            onChange={(event) => setKey(event.target.value)}
          />
        </Field>
        <Button type="submit" variant="primary" busy={busy} className="mt-4 w-full">
          {shell.signIn}
        </Button>
      </form>
    </main>
  );
}
