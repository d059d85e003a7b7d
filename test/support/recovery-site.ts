/** A mail store, a repository and restic, in a temporary folder of their own. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { randomBytes, scryptSync } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statfsSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectoryImage, openLiveImage, rawPathFromText } from "#image";
import {
  type CaptureOptions,
  type CaptureResult,
  initRepository,
  openRepository,
  type Repository,
} from "#repository";
import { directoryStorage, type Storage } from "#storage";
import { systemClock } from "#time";
// The door offers no way to choose how hard a password is to guess, and rightly so.
import { masterKeyFromBytes, openSealer, sha256Hex } from "../../src/repository/crypto.ts";
import "../../src/repository/cheap-keys.fixture.ts";

export const password = "correct horse";
export const hostname = "mx1";
export const group = "mx1/all";

/** Why tests that ask restic are skipped; false where it is installed. */
export const withoutRestic: string | false =
  spawnSync("restic", ["version"]).status === 0 ? false : "restic is not installed";

export class Site implements Disposable {
  /** Symbolic links resolved, as captures see it. */
  readonly folder: string;

  constructor(folder: string = realpathSync(mkdtempSync(join(quickFolder(), "restante-site-")))) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  get store(): string {
    return join(this.folder, "store");
  }

  get repository(): string {
    return join(this.folder, "repository");
  }

  get cache(): string {
    return join(this.folder, "cache");
  }

  /** A copy of everything, to be broken. The store is shared: it is not what is broken. */
  branch(name: string): Site {
    const branch = new Site(join(this.folder, name));
    cpSync(this.repository, branch.repository, { recursive: true });
    cpSync(this.cache, branch.cache, { recursive: true, force: true });
    return branch;
  }

  /** An empty repository: a copy of one that was made once. */
  async init(): Promise<void> {
    emptyRepository ??= makeEmptyRepository();
    cpSync(await emptyRepository, this.repository, { recursive: true });
    mkdirSync(this.cache, { recursive: true });
  }

  async open(storage: Storage = directoryStorage(this.repository)): Promise<Repository> {
    return await openRepository(storage, { password, cacheFolder: this.cache });
  }

  async capture(options: CaptureStoreOptions = {}): Promise<CaptureResult> {
    await using repository = await this.open(options.storage);
    return await captureStore(repository, options.store ?? this.store, options);
  }

  restic(...argv: readonly string[]): { status: number | null; output: string } {
    const { status, stdout, stderr } = spawnSync(
      "restic",
      ["--no-cache", "-r", this.repository, ...argv],
      resticOptions(this),
    );
    return { status, output: `${stdout.toString()}${stderr.toString()}` };
  }

  startRestic(...argv: readonly string[]): ChildProcess {
    return spawn("restic", ["--no-cache", "-r", this.repository, ...argv], resticOptions(this));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * Memory where there is plenty of it: what a disk does when a file is made durable takes longer than
 * everything else in these tests, and none of them takes the power away. TMPDIR chooses another place.
 */
export function quickFolder(): string {
  const memory = "/dev/shm";
  if (process.env["TMPDIR"] !== undefined || !existsSync(memory)) return tmpdir();
  const { bavail, bsize } = statfsSync(memory);
  return bavail * bsize > leastMemoryBytes ? memory : tmpdir();
}

const leastMemoryBytes = 2 ** 31;

let emptyRepository: Promise<string> | undefined;

async function makeEmptyRepository(): Promise<string> {
  const folder = mkdtempSync(join(quickFolder(), "restante-empty-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  await initRepository(directoryStorage(folder), { password });
  return folder;
}

function resticOptions({ folder }: Site): { env: NodeJS.ProcessEnv; cwd: string } {
  const { PATH, HOME } = process.env;
  return { cwd: folder, env: { PATH, HOME: HOME ?? folder, RESTIC_PASSWORD: password } };
}

export type CaptureStoreOptions = Partial<
  Pick<CaptureOptions, "now" | "workers" | "full" | "signal" | "group">
> & {
  readonly storage?: Storage;
  readonly store?: string;
  /** The store stands still: without the passes that a store in use needs. */
  readonly atRest?: boolean;
};

export async function captureStore(
  repository: Repository,
  store: string,
  { storage: _storage, store: _store, atRest, ...options }: CaptureStoreOptions = {},
): Promise<CaptureResult> {
  const path = rawPathFromText(store);
  await using image = await (atRest === true ? openDirectoryImage : openLiveImage)(path, {});
  return await repository.capture(image, {
    path,
    group,
    hostname,
    now: systemClock(),
    workers: 0,
    ...options,
  });
}

/** The same for a repository that another process made: the same master key under a password that is cheap to try. */
export function weakenKeys(repository: string): void {
  const folder = join(repository, "keys");
  for (const name of readdirSync(folder)) {
    const file = JSON.parse(readFileSync(join(folder, name), "utf8")) as KeyFile;
    const plain = sealerOf(file).open(Buffer.from(file.data, "base64"));
    if (plain === undefined) throw new Error(`key ${name} is not for the test's password`);
    const weak = { ...file, N: 2, r: 1, p: 1, salt: randomBytes(64).toString("base64") };
    const bytes = Buffer.from(
      JSON.stringify({ ...weak, data: Buffer.from(sealerOf(weak).seal(plain)).toString("base64") }),
    );
    unlinkSync(join(folder, name));
    writeFileSync(join(folder, sha256Hex(bytes)), bytes, { mode: 0o400 });
  }
}

type KeyFile = {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly data: string;
};

function sealerOf({ N, r, p, salt }: KeyFile): ReturnType<typeof openSealer> {
  const options = { N, r, p, maxmem: 1 << 30 };
  return openSealer(
    masterKeyFromBytes(scryptSync(password, Buffer.from(salt, "base64"), 64, options)),
  );
}

/** Names of the files in one folder of a repository, without what a killed run left half written. */
export function filesIn(site: Site, folder: "locks" | "snapshots" | "index" | "keys"): string[] {
  return readdirSync(join(site.repository, folder)).filter((name) => /^[0-9a-f]{64}$/.test(name));
}

/** Runs a program of the system and returns what it prints. */
export function run(command: string, argv: readonly string[]): string {
  return execFileSync(command, argv, { encoding: "utf8" });
}
