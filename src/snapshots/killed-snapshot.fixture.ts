/*
 * A process that takes, or removes, a snapshot and is killed at its n-th report of progress: run
 * by killed-snapshot.test.ts as
 *   node killed-snapshot.fixture.ts PROVIDER take|remove|layer STORE DESTINATION N
 * STORE of "layer" is the frozen store. Prints "done" when it comes to its end, and then waits to
 * be killed where a layer is open.
 */
import { rawPathFromText } from "#image";
import { allProviders } from "./detect-providers.ts";

const [name, action, store = "", destination = "", killAt] = process.argv.slice(2);
const provider = allProviders().find((one) => one.name === name);
if (provider === undefined) throw new RangeError(`no provider "${name}"`);
let reports = 0;
const onProgress = (): void => {
  if (++reports === Number(killAt)) process.kill(process.pid, "SIGKILL");
};
const to = rawPathFromText(destination);
if (action === "take") await provider.take(rawPathFromText(store), to, { onProgress });
else if (action === "remove") await provider.remove(to, { onProgress });
else {
  await provider.writableCopy(rawPathFromText(store), to, { onProgress });
  process.kill(process.pid, "SIGKILL");
}
process.stdout.write("done\n");
