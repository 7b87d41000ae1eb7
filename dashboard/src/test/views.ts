import { HttpResponse, http } from "msw";
import type { View, ViewBody, ViewChange } from "@/api/views";
import { API, idOf, problem } from "./jobs";

/** A view as the server has it. */
export function storedView(n: number, more: Partial<View> = {}): View {
  return {
    id: idOf(9000 + n),
    key: null,
    kind: "own",
    name: `View ${n}`,
    filter: "queue:mail",
    sort: "newest",
    range: null,
    columns: null,
    owner: "local",
    created_at: "2026-11-30T12:00:00Z",
    changed_at: "2026-11-30T12:00:00Z",
    ...more,
  };
}

const BUILT_IN = { id: null, kind: "built_in", owner: null, created_at: null, changed_at: null } as const;

/** A server of views, with two built-in ones. */
export class ViewsServer {
  views: View[] = [
    storedView(0, { ...BUILT_IN, key: "failing-now", name: "Failing now", filter: "state:retrying" }),
    storedView(0, { ...BUILT_IN, key: "running-long", name: "Running long", filter: "state:running run:>5m" }),
  ];
  /** Method and body of each write. */
  writes: [string, unknown][] = [];
  /** The next write is refused so. */
  refusal: ReturnType<typeof problem> | null = null;

  private save(view: View, body: ViewBody | ViewChange): View {
    const { shared, reason: _, ...content } = body;
    const kind = shared === undefined ? view.kind : shared ? "shared" : "own";
    const saved = { ...view, ...content, kind } as View;
    this.views = [...this.views.filter((one) => one.id !== saved.id || one.key !== saved.key), saved];
    return saved;
  }

  handlers() {
    return [
      http.get(`${API}/views`, () => HttpResponse.json({ items: this.views })),
      http.post(`${API}/views`, async ({ request }) => {
        const body = (await request.json()) as ViewBody;
        this.writes.push(["POST", body]);
        if (this.refusal) return this.refusal;
        return HttpResponse.json(this.save(storedView(this.views.length), body), { status: 201 });
      }),
      http.patch(`${API}/views/:id`, async ({ params, request }) => {
        const body = (await request.json()) as ViewChange;
        this.writes.push(["PATCH", body]);
        const view = this.views.find((one) => one.id === params.id);
        if (this.refusal) return this.refusal;
        return view ? HttpResponse.json(this.save(view, body)) : problem(404, "view_not_found", "there is no view");
      }),
      http.delete(`${API}/views/:id`, ({ params }) => {
        this.writes.push(["DELETE", params.id]);
        if (this.refusal) return this.refusal;
        this.views = this.views.filter((one) => one.id !== params.id);
        return new HttpResponse(null, { status: 204 });
      }),
    ];
  }
}
