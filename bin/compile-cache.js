/**
 * Node's compile cache saves most of what loading the program costs: parsing, and stripping types.
 * Its files hold machine-made code that V8 runs unchecked, so whoever can write them can run code
 * as us, and Restante often runs as root. Node's default lies in the shared temporary folder,
 * where anybody may make that name first; ours lies in the user's own cache folder, and only where
 * nobody else can write.
 */
import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Turns the cache on where that is safe. Without it the program starts a little slower. */
export function enableCompileCacheSafely() {
  if (process.getuid === undefined) return;
  const home = homedir();
  const folder = join(process.env.XDG_CACHE_HOME || join(home, ".cache"), "restante", "code");
  try {
    // Some accounts have a home that does not exist, and root could make it.
    lstatSync(home);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const real = realpathSync(folder);
    if (onlyWeCanWrite(real, process.getuid())) enableCompileCache(real);
  } catch {
    // No home, or a read-only one: nothing depends on the cache.
  }
}

/** The folder is ours alone, and nobody but us and root can put another in its place. */
function onlyWeCanWrite(folder, uid) {
  const itself = lstatSync(folder);
  if (itself.uid !== uid || (itself.mode & 0o022) !== 0) return false;
  for (let above = dirname(folder); ; above = dirname(above)) {
    const { uid: owner, mode } = lstatSync(above);
    const sticky = (mode & 0o1000) !== 0;
    if (owner !== uid && owner !== 0) return false;
    if ((mode & 0o022) !== 0 && !sticky) return false;
    if (dirname(above) === above) return true;
  }
}
