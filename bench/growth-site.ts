import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { initRepository, openRepository, type Repository } from "#repository";
import { directoryStorage } from "#storage";
// Keys that are cheap to try: the half second of scrypt is in no figure here.
import { captureStore, password, weakenKeys } from "../test/support/recovery-site.ts";
import type { GrowthSample, SeriesName } from "./growth-table.ts";
import { type Command, measure } from "./measure.ts";
import type { BackupProgram } from "./programs.ts";
import type { Store } from "./store.ts";

export type GrowthOptions = {
  readonly work: string;
  /** Of the sizes of every series. */
  readonly scale: number;
  readonly runs: number;
  readonly program: BackupProgram;
  readonly add: (sample: GrowthSample) => void;
};

/** A repository, its cache, and Restante as a whole process on both. */
export class GrowthSite implements Disposable {
  readonly #folder: string;
  readonly #options: GrowthOptions;

  private constructor(options: GrowthOptions, series: SeriesName) {
    this.#options = options;
    this.#folder = join(options.work, `growth-${series}`);
  }

  static async create(options: GrowthOptions, series: SeriesName): Promise<GrowthSite> {
    const site = new GrowthSite(options, series);
    rmSync(site.#folder, { recursive: true, force: true });
    mkdirSync(site.cache, { recursive: true });
    await initRepository(directoryStorage(site.repository), { password });
    weakenKeys(site.repository);
    return site;
  }

  get repository(): string {
    return join(this.#folder, "repository");
  }

  get cache(): string {
    return join(this.#folder, "cache");
  }

  async open(): Promise<Repository> {
    return await openRepository(directoryStorage(this.repository), { password });
  }

  /** One moment, in this process, where it is not what is measured. */
  async capture(store: Store): Promise<void> {
    await using repository = await this.open();
    await captureStore(repository, store.path, { atRest: true });
  }

  command(...argv: readonly string[]): Command {
    const like = this.#options.program.init({ repository: this.repository, cache: this.cache });
    const [door = ""] = like.arguments;
    return {
      program: like.program,
      arguments: [door, ...argv, "--copy", this.repository, "--quiet"],
      environment: {
        RESTANTE_PASSWORD: password,
        XDG_CACHE_HOME: this.cache,
        XDG_STATE_HOME: join(this.#folder, "state"),
      },
    };
  }

  /** Measures a command as often as runs were asked for; `once` where a second run would find it done. */
  async measure(
    command: Command,
    what: Pick<GrowthSample, "series" | "figure" | "size">,
    { once = false }: { readonly once?: boolean } = {},
  ): Promise<void> {
    for (let round = 0; round < (once ? 1 : this.#options.runs); round += 1) {
      this.#options.add({ ...what, round, ...(await measure(command, this.#folder)) });
    }
  }

  /** An empty folder for caches that are not the measured processes' own. */
  emptyCache(): string {
    const folder = join(this.#folder, "other-cache");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    return folder;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
