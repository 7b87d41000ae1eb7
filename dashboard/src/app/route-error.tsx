import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { kit } from "@/lib/text/kit";
import { shell } from "@/lib/text/shell";
import { buttonClass } from "@/ui/button";
import { Empty } from "@/ui/empty";
import { ErrorState } from "@/ui/error-state";
import { Page } from "@/ui/page";

/** A page that threw: the frame stays, so that every other page is a click away. */
export function RouteError({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  return (
    <Page title={shell.product}>
      <ErrorState
        what={shell.thisPage}
        error={error}
        onRetry={() => {
          reset();
          void router.invalidate();
        }}
      />
      <p className="text-center text-12 text-text-3">{kit.unexpected}</p>
    </Page>
  );
}

export function NotFound() {
  return (
    <Page title={shell.notFound}>
      <Empty
        title={shell.notFound}
        hint={shell.notFoundHint}
        actions={
          <Link to="/" className={buttonClass()}>
            {shell.toOverview}
          </Link>
        }
      />
    </Page>
  );
}
