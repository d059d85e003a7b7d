/** What is published runs: packed, installed into an empty folder, used from there. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { projectRoot } from "./support/source-tree.ts";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "restante-package-"));
after(() => rm(folder, { recursive: true, force: true }));

/**
 * The environment of a person's shell: without what npm adds to a script's, so that the machine's
 * own Node, often too old, comes first. Where there is none, the one that runs this test helps.
 */
function shellEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|NODE_|RESTANTE_|RESTIC_|INIT_CWD$)/i.test(name),
  );
  const paths = (process.env["PATH"] ?? "").split(delimiter);
  const own = paths.filter((path) => !path.includes("node_modules"));
  const PATH = [...own, dirname(process.execPath)].join(delimiter);
  return { ...Object.fromEntries(kept), PATH, RESTANTE_PASSWORD: "correct horse" };
}

/** Packs a copy of the checkout, so that nobody's dist/ is touched; only node_modules is shared. */
async function pack(): Promise<string> {
  const checkout = join(folder, "checkout");
  const skipped = new Set([".git", "node_modules", "dist"]);
  await mkdir(checkout);
  for (const name of await readdir(projectRoot)) {
    if (skipped.has(name)) continue;
    await cp(join(projectRoot, name), join(checkout, name), { recursive: true });
  }
  await symlink(join(projectRoot, "node_modules"), join(checkout, "node_modules"));
  const options = { cwd: checkout, env: shellEnvironment() };
  await run("npm", ["pack", "--pack-destination", folder], options);
  const tarballs = (await readdir(folder)).filter((name) => name.endsWith(".tgz"));
  assert.equal(tarballs.length, 1);
  return join(folder, tarballs[0] ?? "");
}

function isUnreachable(error: unknown): boolean {
  const said = String((error as { stderr?: unknown }).stderr);
  return /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED)\b/.test(
    said,
  );
}

async function makeMaildir(path: string): Promise<Buffer> {
  const message = Buffer.from("From: a@example.org\r\nSubject: caf\xe9\r\n\r\nBody\r\n", "latin1");
  for (const name of ["cur", "new", "tmp"]) await mkdir(join(path, name), { recursive: true });
  await writeFile(join(path, "cur", "1700000000.M1P1.mx1:2,S"), message);
  return message;
}

test("the packed and installed package protects a Maildir and brings it back", async (t) => {
  const tarball = await pack();
  const installed = join(folder, "installed");
  await mkdir(installed);
  await writeFile(join(installed, "package.json"), '{"private":true}\n');
  const options = { cwd: installed, env: shellEnvironment() };
  try {
    await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], options);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    t.skip("the package registry cannot be reached");
    return;
  }
  assert.deepEqual(await readdir(join(installed, "node_modules", "restante", "bin")), [
    "collect-garbage-later.js",
    "compile-cache.js",
    "restante.js",
  ]);

  const restante = async (...argv: string[]): Promise<string> => {
    const program = join(installed, "node_modules", ".bin", "restante");
    return (await run(program, argv, options)).stdout;
  };
  assert.match(await restante("--help"), /\bcapture\b/);

  const store = join(folder, "store");
  const message = await makeMaildir(store);
  const copy = ["--copy", join(folder, "repository")];
  await restante("init", ...copy);
  await restante("capture", store, ...copy);
  assert.match(await restante("moments", store, ...copy), /\bfuzzy\b/);
  await restante("verify", ...copy, "--read-data");
  const to = join(folder, "restored");
  await restante("restore", store, ...copy, "--at", "latest", "--to", to);
  assert.deepEqual(await readFile(join(to, "cur", "1700000000.M1P1.mx1:2,S")), message);
});
