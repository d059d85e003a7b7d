/** A program that takes a hot split, says so, and then waits to be killed: node killed-split.fixture.ts STORE WORK */
import type { RawPath } from "#image";
import { plainCopies } from "#snapshots";
import { hotSplitSource } from "./hot-split.ts";

const [store, work] = process.argv.slice(2) as [RawPath, RawPath];
const source = hotSplitSource({ provider: plainCopies(), workFolder: work, validators: [] });
await source.stableImage({ folder: store });
process.stdout.write("frozen\n");
setInterval(() => undefined, 1000);
