import type { RecoveryPoint } from "#copies";
import { isRecoveryError } from "#errors";
import {
  chooseMoments,
  duplicateOffsite,
  type MomentChoice,
  momentKey,
  type OffsiteGroup,
  type OffsiteOption,
  type SendResult,
} from "#offsite";
import { type DuplicateVerification, duplicateVerifications } from "#repository";
import { formatBytes, formatDuration, formatInstant } from "#time";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import {
  type CopyPlace,
  copyPlace,
  namedPlace,
  type OpenCopy,
  openCopyAt,
  requireRepository,
} from "../copy-access.ts";
import { exitCodes, type ExitCode, isInterruption } from "../exit-codes.ts";
import { chooseMoment, momentJson, shortId } from "../moments.ts";
import { openSite, type Site } from "../site.ts";
import { policyDuplicates } from "../policy-duplicates.ts";
import { momentsOf, resolveTarget } from "../target.ts";
import { plural, safeText } from "../text.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  const { arguments: typed } = context;
  const choice = typedChoice(context);
  const verify = typedVerification(context);
  const site = await openSite(context);
  const to = typed.text("to");
  if (to !== undefined) {
    const places = { from: copyPlace(context, site), to: namedPlace(to, { context, site }) };
    return await duplicate(places, { context, site, choice, verify });
  }
  const planned = typed.has("copy") ? [] : policyDuplicates(site);
  if (planned.length === 0)
    throw new CliError("cli.usage", "Cannot duplicate: no repository was named to send to", {
      hint: "Say --to REPO2, or give a tier of the configuration disaster recovery by duplicates; make one with `restante init --copy REPO2`.",
    });
  let worst: ExitCode = exitCodes.done;
  for (const { groups, ...places } of planned) {
    const code = await duplicate(places, { context, site, choice, verify, groups });
    if (code !== exitCodes.done) worst = code;
  }
  return worst;
}

type Places = { readonly from: CopyPlace; readonly to: CopyPlace };
type Wanted = {
  readonly context: CommandContext;
  readonly site: Site;
  readonly choice: TypedChoice;
  readonly verify: DuplicateVerification;
  /** Tags of the groups that are meant; undefined: all that were typed. */
  readonly groups?: readonly string[];
};

async function duplicate(places: Places, wanted: Wanted): Promise<ExitCode> {
  const { context, site, choice, verify } = wanted;
  const { surroundings } = context;
  requireRepository(places.from, "duplicate");
  requireRepository(places.to, "duplicate to");
  await using from = await openCopyAt(places.from, context, { role: "copied-from" });
  await using target = await openTarget(places.to, { context, site, from });
  const option = duplicateOffsite({
    from: from.repository,
    to: target.repository,
    name: target.place.name,
    verify,
    now: surroundings.now,
    clockMs: surroundings.clockMs,
  });
  const step: Step = { context, site, from, option };
  const meant = wanted.groups;
  const here = (await wantedPoints(step)).filter(
    ({ group }) => meant === undefined || meant.includes(group),
  );
  const there = await option.copy.moments(undefined, surroundings.signal);
  const chosen = choosePoints(choice, { here, there, step });
  const result = await send(chosen, step);
  const groups = (await option.state(surroundings.signal)).groups.filter(({ group }) =>
    here.some((point) => point.group === group),
  );
  await tell(result, { step, groups, verify });
  return result.refused.length > 0 ? exitCodes.partial : exitCodes.done;
}

type Start = {
  readonly context: CommandContext;
  readonly site: Site;
  readonly from: OpenCopy;
};
type Step = Start & { readonly option: OffsiteOption };

async function openTarget(place: CopyPlace, start: Start): Promise<OpenCopy> {
  try {
    return await openCopyAt(place, start.context, { role: "copied-to" });
  } catch (error) {
    await tellWhatIsHere(error, { start, state: "nothing was sent" }).catch(() => undefined);
    throw error;
  }
}

/** Where the other side is out of reach, what still can be recovered is said before the error is. */
async function tellWhatIsHere(
  error: unknown,
  { start: { context, site, from }, state }: { readonly start: Start; readonly state: string },
): Promise<void> {
  if (!isRecoveryError(error) || isInterruption(error)) return;
  const here = await from.copy.moments(undefined, context.surroundings.signal);
  for (const [group, points] of Map.groupBy(here, (point) => point.group)) {
    const newest = points.at(-1) as RecoveryPoint;
    await context.output.document({ type: "group", group, newestHere: momentJson(newest) });
    context.output.note(
      `${safeText(group)}: ${state}; ${plural(points.length, "moment")} can be recovered from ${safeText(from.place.name)}, the newest of ${formatInstant(newest.atNs, site.zone)}`,
    );
  }
}

type TypedChoice = MomentChoice | { readonly kind: "at"; readonly at: string };

function typedChoice({ arguments: typed }: CommandContext): TypedChoice {
  const given = ["at", "newest", "all"].filter((name) => typed.has(name));
  if (given.length > 1) {
    throw new CliError(
      "cli.usage",
      `Cannot take --${given[0]} and --${given[1]} together: each says which moments`,
      { hint: "Give one of them, or none to send what is new." },
    );
  }
  const at = typed.text("at");
  if (at !== undefined) return { kind: "at", at };
  if (typed.has("newest")) return { kind: "newest" };
  return typed.has("all") ? { kind: "all" } : { kind: "since-last" };
}

function typedVerification({ arguments: typed }: CommandContext): DuplicateVerification {
  const text = typed.text("verify") ?? "index";
  const known = duplicateVerifications.find((word) => word === text);
  if (known !== undefined) return known;
  throw new CliError("cli.usage", `Cannot verify "${safeText(text)}": no such way`, {
    hint: "Say --verify index, or --verify data.",
  });
}

async function wantedPoints({ context, site, from }: Step): Promise<readonly RecoveryPoint[]> {
  const all = await from.copy.moments(undefined, context.surroundings.signal);
  const [typed] = context.arguments.positionals;
  const target =
    typed === undefined ? undefined : await resolveTarget(typed, { context, site, points: all });
  const group = context.arguments.text("group");
  const points = momentsOf(all, { target, group });
  if (points.length > 0 || (typed === undefined && group === undefined)) return points;
  throw new CliError(
    "cli.nothing-matched",
    `Cannot duplicate "${safeText(typed ?? group ?? "")}": the copy has no moments of it`,
    { hint: "See what there is with `restante moments`." },
  );
}

function choosePoints(
  choice: TypedChoice,
  {
    here,
    there,
    step: { context, site, from },
  }: {
    readonly here: readonly RecoveryPoint[];
    readonly there: readonly RecoveryPoint[];
    readonly step: Step;
  },
): readonly RecoveryPoint[] {
  if (choice.kind !== "at") return chooseMoments(choice, { here, there });
  const [typed] = context.arguments.positionals;
  const { point } = chooseMoment(here, choice.at, {
    now: context.surroundings.now(),
    zone: site.zone,
    subject: typed ?? from.place.name,
  });
  return [point];
}

async function send(points: readonly RecoveryPoint[], step: Step): Promise<SendResult> {
  const { context, option } = step;
  const { output, surroundings } = context;
  const progress = output.progress(surroundings.clockMs);
  try {
    return await option.send(points, {
      signal: surroundings.signal,
      onProgress: ({ phase, momentsDone, momentsTotal, bytesDone, bytesTotal }) =>
        progress.update({
          label: `duplicate: ${phase}`,
          unit: "moments",
          done: momentsDone,
          total: momentsTotal,
          bytesDone,
          bytesTotal,
        }),
    });
  } catch (error) {
    progress.finish();
    await tellWhatIsHere(error, { start: step, state: "not everything was sent" }).catch(
      () => undefined,
    );
    throw error;
  } finally {
    progress.finish();
  }
}

type Telling = {
  readonly step: Step;
  readonly groups: readonly OffsiteGroup[];
  readonly verify: DuplicateVerification;
};

async function tell(result: SendResult, telling: Telling): Promise<void> {
  await tellMoments(result, telling);
  await tellGroups(telling);
  const { step, verify } = telling;
  const { output } = step.context;
  const { sent, skipped, refused, bytes } = result;
  await output.document({
    type: "summary",
    verb: "duplicate",
    ok: refused.length === 0,
    from: step.from.place.name,
    to: step.option.copy.name,
    verify,
    sent: sent.length,
    skipped: skipped.length,
    refused: refused.length,
    bytes,
    phases: result.phases,
  });
  const counts = [
    `${plural(sent.length, "moment")} sent`,
    ...(skipped.length === 0 ? [] : [`${skipped.length} there already`]),
    ...(refused.length === 0 ? [] : [output.style("red", `${refused.length} not sent`)]),
  ];
  const moved = `${formatBytes(bytes.added)} new there, ${formatBytes(bytes.stored)} stored`;
  // Without anything sent or read back nothing was verified: what was there already is not looked at.
  const isVerified = sent.length > 0 || bytes.verified > 0;
  const depth = bytes.verified === 0 ? "" : ` (${formatBytes(bytes.verified)})`;
  const proof = isVerified ? `; ${result.verified}${depth}` : "";
  await output.text(
    `${counts.join(", ")} to ${safeText(step.option.copy.name)}; ${moved}${proof}\n`,
  );
}

/** A document names all that is lost of a moment as far as it was listed; a person gets some. */
const lossesShown = 20;

async function tellMoments(
  { sent, skipped, refused }: SendResult,
  { step: { context, site } }: Telling,
): Promise<void> {
  const { output } = context;
  for (const [outcome, points] of [
    ["sent", sent],
    ["skipped", skipped],
  ] as const) {
    for (const { here, there } of points) {
      await output.document({ type: "moment", outcome, ...momentJson(here), there: there.id });
      if (outcome === "sent")
        await output.text(
          `sent ${shortId(here)} of ${formatInstant(here.atNs, site.zone)} (${safeText(here.group)}) as ${shortId(there)}\n`,
        );
    }
  }
  for (const { point, error, losses, lossCount } of refused) {
    const { code, message } = error;
    await output.document({
      type: "moment",
      outcome: "refused",
      ...momentJson(point),
      error: { code, message },
      losses,
      lossCount,
    });
    await output.text(`${output.style("red", "not sent")}: ${safeText(message)}\n`);
    for (const { path, reason } of losses.slice(0, lossesShown))
      await output.text(`  ${safeText(path)}: ${safeText(reason)}\n`);
    if (lossCount > lossesShown)
      await output.text(`  and ${plural(lossCount - lossesShown, "more name")}; --json has more\n`);
  }
}

/** How far each group is behind; what stays here is said, since sending what is new passes over older moments. */
async function tellGroups({ step, groups }: Telling): Promise<void> {
  const { output } = step.context;
  for (const { group, newestHere, newestThere, lagMs, waiting } of groups) {
    await output.document({
      type: "group",
      group,
      ...(newestHere === undefined ? {} : { newestHere: momentJson(newestHere) }),
      ...(newestThere === undefined ? {} : { newestThere: momentJson(newestThere) }),
      ...(lagMs === undefined ? {} : { lagMs }),
      waiting: waiting.length,
    });
    if (newestHere === undefined) continue;
    const isCurrent = newestThere !== undefined && momentKey(newestThere) === momentKey(newestHere);
    if (isCurrent && waiting.length === 0) continue;
    const state =
      newestThere === undefined
        ? "nothing is there"
        : isCurrent
          ? "the newest is there"
          : `${formatDuration(lagMs ?? 0)} behind`;
    output.note(
      `${safeText(group)}: ${state}; ${plural(waiting.length, "moment")} not there, --all sends them`,
    );
  }
}
