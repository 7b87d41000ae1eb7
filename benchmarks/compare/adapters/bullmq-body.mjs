// What a sandbox of BullMQ runs: a no-op that ticks.

import { tick } from "./common.mjs";

export default async () => tick();
