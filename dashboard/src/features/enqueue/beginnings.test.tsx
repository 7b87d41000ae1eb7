import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { setupServer } from "msw/node";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { API } from "@/test/jobs";
import { Kit } from "@/ui/kit";
import { Beginnings } from "./beginnings";

const ARGS = { to: "grace", amount: 1 };
const RECENT = ["1", "2"].map((id) => ({ id, created_at: "2026-01-31T12:00:00Z", args: ARGS }));
const server = setupServer(
  http.get(`${API}/tasks/:name`, ({ params }) =>
    HttpResponse.json({ name: params.name, recent: params.name === "eu/mail" ? RECENT : null }),
  ),
);
beforeAll(() => server.listen({ onUnhandledRequest: "error" }));
afterAll(() => server.close());

function open(task: string, examples: unknown) {
  const onUse = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Kit>
        <Beginnings task={task} schema={{ type: "object", examples }} onUse={onUse} />
      </Kit>
    </QueryClientProvider>,
  );
  return onUse;
}

test("the templates of a task come first, then what its newest jobs had, the same arguments once", async () => {
  const onUse = open("eu/mail", [{ to: "ada" }]);
  const recent = await screen.findByRole("button", { name: /grace/ });
  const offered = screen.getAllByRole("button");
  expect(offered[0]?.textContent).toBe('{"to":"ada"}Template');
  expect(offered.slice(1)).toEqual([recent]);
  await userEvent.click(recent);
  expect(onUse).toHaveBeenCalledWith(ARGS, '{"to":"grace","amount":1}');
});

test("who may not see arguments is offered the templates alone", async () => {
  open("mail", [{ to: "ada" }, { to: "grace" }]);
  expect(await screen.findAllByText("Template")).toHaveLength(2);
});

test("without either there is nothing to see", async () => {
  open("mail", undefined);
  expect(screen.queryByText("Begin with")).toBeNull();
});
