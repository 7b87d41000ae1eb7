import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { act, render } from "@testing-library/react";
import { vi } from "vitest";
import { keys, makeQueryClient } from "@/api/queries";
import { makeRouter } from "@/app/router";
import { Kit } from "@/ui/kit";

/** Open the whole page at an address, as a browser does; the requests go to the test's own server. */
export async function openApp(path: string, errors = { open: 0, resolved: 0, muted: 0, new: 0, most: 10_000 }) {
  history.replaceState(null, "", path);
  const queryClient = makeQueryClient();
  // A test that waits for the second try of a failed question waits for nothing.
  queryClient.setDefaultOptions({ queries: { ...queryClient.getDefaultOptions().queries, retry: false } });
  // The sidebar counts errors beside every page.
  queryClient.setQueryData(keys.errorCounts(), errors);
  const router = makeRouter(queryClient);
  const view = render(
    <QueryClientProvider client={queryClient}>
      <Kit>
        <RouterProvider router={router} />
      </Kit>
    </QueryClientProvider>,
  );
  await act(() => router.load());
  return { router, queryClient, ...view };
}

/** Let the page believe, for this test, that it is as wide as asked: where a drawer stands beside its list, or over it. */
export function setWidth(pixels: number): void {
  const matches = (query: string) => {
    const least = /min-width:\s*(\d+)px/.exec(query);
    return least ? pixels >= Number(least[1]) : false;
  };
  vi.stubGlobal("matchMedia", (query: string) => ({
    media: query,
    matches: matches(query),
    addEventListener: () => {},
    removeEventListener: () => {},
  }));
}
