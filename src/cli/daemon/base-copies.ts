import { hostname } from "node:os";
import { damagedTag, type RecoveryPoint } from "#copies";
import type { BaseMoment } from "#daemon";
import type { Image } from "#image";
import {
  type FolderJournal,
  formatBaseName,
  parseBaseName,
  shipSegments,
  type ShipResult,
} from "#journal";
import type { CaptureBase } from "#sources";
import { alsoPlans } from "../also-protect.ts";
import { type CaptureRun, captureStore, OpenCopies } from "../capture-store.ts";
import { foldersOfPlan } from "../capture-plan.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import { openAnyCopy } from "../methods/index.ts";
import type { Site } from "../site.ts";
import { safeText } from "../text.ts";
import type { ContinuousPlan } from "./continuous-plan.ts";

const lookAgainNs = 3_600_000_000_000n;

/** The bases of one group's journal: moments of the copy that its tier names. The copy is open only while it is asked. */
export class BaseCopies {
  readonly #plan: ContinuousPlan;
  readonly #context: CommandContext;
  readonly #site: Site;
  /** The newest segment that was there when all were shipped, and when to look in the copy all the same. */
  #shipped:
    | {
        readonly digest: string | undefined;
        readonly lookNs: bigint;
        readonly isTaken: boolean;
      }
    | undefined;

  constructor(plan: ContinuousPlan, { context, site }: { context: CommandContext; site: Site }) {
    this.#plan = plan;
    this.#context = context;
    this.#site = site;
  }

  get #place(): ContinuousPlan["base"]["groups"][number]["place"] {
    const [group] = this.#plan.base.groups;
    if (group === undefined) throw new Error("a plan has a group");
    return group.place;
  }

  async newest(signal: AbortSignal, byNs?: bigint): Promise<BaseMoment | undefined> {
    await using opened = await openAnyCopy(this.#place, this.#options(signal));
    const moments = await opened.copy.moments(this.#plan.tag, signal);
    const point = moments.findLast(
      (one) => this.#mayServe(one) && (byNs === undefined || one.atNs <= byNs),
    );
    if (point === undefined) return undefined;
    await using image = await opened.copy.open(point, signal);
    return this.#baseOf(point, image.at.fromNs);
  }

  /** As `restante capture` does it, with the folders that the server has beside its store. */
  async take(signal: AbortSignal): Promise<BaseMoment> {
    const context = this.#contextOf(signal);
    const site = this.#site;
    const { base, server } = this.#plan;
    await using copies = new OpenCopies(context, site);
    const run: CaptureRun = {
      context,
      site,
      copies,
      stateFolder: stateFolderOf(context),
      captured: [],
      failures: [],
      disappeared: [],
      isOnly: true,
    };
    const fromNs = context.surroundings.now();
    await captureStore(base, run);
    const taken = run.captured.at(-1);
    if (taken === undefined) throw new Error("a capture that did not fail took a moment");
    if (server !== undefined)
      for (const also of alsoPlans(server, { context, site }))
        await captureStore(also, { ...run, isOnly: false });
    return this.#baseOf(taken.result.point, fromNs);
  }

  /** Closing the image closes the copy. */
  async open({ id, fromNs }: BaseMoment, signal: AbortSignal): Promise<CaptureBase> {
    await using disposables = new AsyncDisposableStack();
    const opened = disposables.use(await openAnyCopy(this.#place, this.#options(signal)));
    const moments = await opened.copy.moments(this.#plan.tag, signal);
    const point = moments.find((one) => one.id === parseBaseName(id)?.moment);
    if (point === undefined)
      throw new CliError(
        "cli.nothing-matched",
        `Cannot open the base of "${safeText(this.#plan.base.shown)}": its copy has it no more`,
        { hint: "Another one is taken when the daemon starts again." },
      );
    const image = disposables.use(await opened.copy.open(point, signal));
    const held = disposables.move();
    return { image: closing(image, async () => await held.disposeAsync()), fromNs };
  }

  /** Finished segments of the journal; undefined where the copy is no repository, and takes none. */
  async ship(
    journal: FolderJournal,
    {
      keepSinceNs,
      signal,
    }: { readonly keepSinceNs: bigint | undefined; readonly signal: AbortSignal },
  ): Promise<Pick<ShipResult, "segments" | "bytesStored"> | undefined> {
    const { now } = this.#context.surroundings;
    const newest = (await journal.segments(signal)).findLast((one) => one.sealed !== undefined);
    const digest = newest?.sealed?.digest;
    // Opening a copy costs a derivation: not every minute of a quiet night.
    const isNothingNew = this.#shipped?.digest === digest && now() < (this.#shipped?.lookNs ?? 0n);
    if (isNothingNew)
      return this.#shipped?.isTaken === true ? { segments: 0, bytesStored: 0 } : undefined;
    await using opened = await openAnyCopy(this.#place, this.#options(signal));
    const { repository } = opened;
    const result =
      repository === undefined
        ? undefined
        : await shipSegments(journal, {
            repository,
            hostname: hostname(),
            keepSinceNs,
            now,
            signal,
          });
    this.#shipped = { digest, lookNs: now() + lookAgainNs, isTaken: result !== undefined };
    return result;
  }

  #baseOf({ id, atNs }: RecoveryPoint, fromNs: bigint): BaseMoment {
    return { id: formatBaseName({ copy: this.#place.name, moment: id }), fromNs, atNs };
  }

  /** Of this machine and of these folders, by this program, and whole. */
  #mayServe({ hostname: host, paths, sequence, tags }: RecoveryPoint): boolean {
    const folders = new Set(foldersOfPlan(this.#plan.base));
    const isHere =
      host === hostname() &&
      folders.size === paths.length &&
      paths.every((one) => folders.has(one));
    return isHere && sequence > 0 && !tags.includes(damagedTag);
  }

  #contextOf(signal: AbortSignal): CommandContext {
    return { ...this.#context, surroundings: { ...this.#context.surroundings, signal } };
  }

  #options(signal: AbortSignal): { readonly context: CommandContext; readonly site: Site } {
    return { context: this.#contextOf(signal), site: this.#site };
  }
}

function closing(image: Image, close: () => Promise<void>): Image {
  return new Proxy(image, {
    get: (target, name) => {
      if (name === Symbol.asyncDispose) return close;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
