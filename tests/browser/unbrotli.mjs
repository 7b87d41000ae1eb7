// Unpacks one file: node unbrotli.mjs FROM TO. Python has no Brotli, and Node has.
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";

const [from, to] = process.argv.slice(2);
const large = 2 ** 21;
await pipeline(
  createReadStream(from, { highWaterMark: large }),
  createBrotliDecompress({ chunkSize: large }),
  createWriteStream(to),
);
