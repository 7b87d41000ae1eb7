import type { Plugin, Rolldown } from "vite";

/** Writes `preloads.json`: by the first part of a page's address, the scripts that it loads beside those of index.html.
 *
 * The server names them in the page, so that they arrive with the program, not after it has run.
 *
 * @param pages the first part of the address, and the end of the module that the router loads for it
 */
export function preloads(pages: Readonly<Record<string, string>>): Plugin {
  return {
    name: "taskflow-preloads",
    apply: "build",
    generateBundle(_options, bundle) {
      const chunks = Object.values(bundle).filter((each) => each.type === "chunk");
      const first = new Set(chunks.filter((chunk) => chunk.isEntry).flatMap((chunk) => reached(chunk, chunks)));
      const named = Object.entries(pages).map(([page, module]) => {
        const chunk = chunks.find(({ facadeModuleId }) => facadeModuleId?.replaceAll("\\", "/").endsWith(`/${module}`));
        if (!chunk) throw new Error(`preloads: no chunk begins with ${module}; is it still what the router loads?`);
        return [page, reached(chunk, chunks).filter((name) => !first.has(name))];
      });
      const source = `${JSON.stringify(Object.fromEntries(named), null, 2)}\n`;
      this.emitFile({ type: "asset", fileName: "preloads.json", source });
    },
  };
}

/** The names of a chunk and of all that it imports. */
function reached(chunk: Rolldown.OutputChunk, chunks: readonly Rolldown.OutputChunk[]): string[] {
  const found = new Set([chunk.fileName]);
  for (const name of found)
    for (const next of chunks.find((one) => one.fileName === name)?.imports ?? []) found.add(next);
  return [...found];
}
