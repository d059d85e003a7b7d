import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { createRequire } from "node:module";
import { promisify } from "node:util";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { extendedAttributeSupport } from "#image";
import { cacheFolder, ownFolder } from "../folders.ts";
import type { Surroundings } from "../terminal.ts";
import { safeText } from "../text.ts";
import { packageDescription } from "../version.ts";
import { type Check, fail, ok, warn } from "./check.ts";

/** What this machine brings. */
export async function* checkMachine({ environment, signal }: Surroundings): AsyncGenerator<Check> {
  yield checkNode(process.versions.node);
  yield checkCompression();
  yield checkSodium();
  yield checkExtendedAttributes();
  yield await checkRestic(signal);
  yield await checkCache(environment);
}

export function checkNode(version: string): Check {
  const { leastNode } = packageDescription();
  if (Number.parseInt(version, 10) >= leastNode) return ok("node", `Node ${version}`);
  return fail(
    "node",
    `Node ${version} is too old: ${leastNode} or newer is needed`,
    `Install Node ${leastNode} or newer.`,
  );
}

function checkCompression(): Check {
  const sample = Buffer.from("poste restante");
  if (
    typeof zstdCompressSync === "function" &&
    zstdDecompressSync(zstdCompressSync(sample)).equals(sample)
  )
    return ok("zstd", "zstd compression works");
  return fail(
    "zstd",
    "this Node has no zstd compression",
    "Use an official build of Node, which has it.",
  );
}

/** A prebuilt native module: on a machine it was not built for everything else works, more slowly. */
function checkSodium(): Check {
  try {
    createRequire(import.meta.url)("sodium-native");
    return ok("sodium", "fast Poly1305 (sodium-native) is there");
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return warn(
      "sodium",
      `fast Poly1305 (sodium-native) cannot be loaded: ${safeText(reason ?? "")}`,
      "Install the package again on this machine, with its dependencies.",
    );
  }
}

function checkExtendedAttributes(): Check {
  if (extendedAttributeSupport() === "ffi")
    return ok("xattr", "extended attributes (ACLs) are kept");
  return warn(
    "xattr",
    "extended attributes (ACLs) are not kept: this Node runs without node:ffi",
    "Run it with Node 26 or newer and NODE_OPTIONS=--experimental-ffi if your mail store uses ACLs.",
  );
}

async function checkRestic(signal: AbortSignal): Promise<Check> {
  try {
    const { stdout } = await promisify(execFile)("restic", ["version"], {
      signal,
      timeout: 10_000,
    });
    return ok(
      "restic",
      `${safeText(stdout.trim().split(" ").slice(0, 2).join(" "))} is there for a second opinion`,
    );
  } catch (error) {
    signal.throwIfAborted();
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return warn(
      "restic",
      missing
        ? "restic is not installed; it is not needed"
        : "restic is installed but does not run",
      "With restic installed a second program can check and restore every copy.",
    );
  }
}

async function checkCache(environment: Surroundings["environment"]): Promise<Check> {
  const folder = cacheFolder(environment);
  try {
    await ownFolder(folder);
    await access(folder, constants.W_OK);
    return ok("cache", `cache folder ${safeText(folder)}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(
      "cache",
      `the cache folder cannot be used: ${safeText(reason)}`,
      "Make it writable, or set XDG_CACHE_HOME to a folder that is.",
    );
  }
}
