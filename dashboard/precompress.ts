import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSIBLE = new Set([".css", ".js", ".json", ".svg", ".txt", ".webmanifest"]);
const toBrotli = promisify(brotliCompress);
const toGzip = promisify(gzip);

/** Writes `.br` and `.gz` beside every file that gets smaller by it: the server sends them as they are.
 *
 * All settings are fixed, so that the same sources give the same bytes. `index.html` is filled in per response. */
export function precompress(): Plugin {
  let folder = "";
  return {
    name: "taskflow-precompress",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    writeBundle: {
      sequential: true,
      order: "post",
      async handler() {
        const names = await readdir(folder, { recursive: true });
        await Promise.all(
          names.filter((name) => COMPRESSIBLE.has(extname(name))).map((name) => pack(join(folder, name))),
        );
      },
    },
  };
}

async function pack(path: string): Promise<void> {
  const content = await readFile(path);
  const brotli = await toBrotli(content, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  const gzipped = await toGzip(content, { level: constants.Z_BEST_COMPRESSION, memLevel: 9 });
  // Byte 9 names the operating system; 255 is "unknown".
  gzipped[9] = 255;
  await Promise.all(
    [[".br", brotli] as const, [".gz", gzipped] as const].map(([suffix, packed]) =>
      packed.length < content.length ? writeFile(path + suffix, packed) : undefined,
    ),
  );
}
