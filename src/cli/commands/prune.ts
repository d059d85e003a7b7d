import { parseShare } from "#policy";
import type { PruneOptions, PruneProgress, PruneResult } from "#repository";
import { formatBytes, parseBytes, parseDuration } from "#time";
import { type AuditFacts, audited } from "../audit.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { openCopy } from "../copy-access.ts";
import { exitCodes, type ExitCode } from "../exit-codes.ts";
import type { ProgressState } from "../progress.ts";
import { openSite } from "../site.ts";
import { plural, safeText } from "../text.ts";
import { keepYoungGenerationSmall } from "../young-generation.ts";

export async function run(context: CommandContext): Promise<ExitCode> {
  keepYoungGenerationSmall();
  const { output, surroundings } = context;
  const budget = typedBudget(context);
  const dryRun = context.arguments.has("dry-run");
  const site = await openSite(context);
  await using opened = await openCopy(context, site, { verb: "prune" });
  const progress = output.progress(surroundings.clockMs);
  const { repository } = opened;
  const prune = async (): Promise<PruneResult> => {
    try {
      return await repository.prune({
        ...budget,
        dryRun,
        mayEmpty: context.arguments.has("no-moments-left"),
        now: surroundings.now,
        clockMs: surroundings.clockMs,
        signal: surroundings.signal,
        onProgress: (state) => progress.update(shown(state)),
      });
    } finally {
      progress.finish();
    }
  };
  const change = { context, verb: "prune", repository, facts: changeFacts };
  // A look changes nothing that would be worth a record.
  const { result, audit } = dryRun
    ? { result: await prune(), audit: undefined }
    : await audited(change, prune);
  const isDamaged = result.lostBlobs > 0 || result.unreadablePacks.length > 0;
  await output.document({
    type: "summary",
    verb: "prune",
    ok: !isDamaged,
    dryRun,
    ...result,
    ...(audit === undefined ? {} : { audit }),
  });
  for (const line of linesOf(result, { dryRun, name: opened.place.name }))
    await output.text(`${line}\n`);
  return isDamaged ? exitCodes.partial : exitCodes.done;
}

function changeFacts(result: PruneResult): AuditFacts {
  const { packsRemoved, strayPacksRemoved, packsRepacked, bytesFreed } = result;
  return { packsRemoved, strayPacksRemoved, packsRepacked, bytesFreed };
}

const units = { mark: "trees", remove: "files", repack: "packs", index: "files" } as const;

function shown({ phase, done, total, bytesDone }: PruneProgress): ProgressState {
  return { label: `prune: ${phase}`, unit: units[phase], done, total, bytesDone };
}

function typedBudget({
  arguments: typed,
}: CommandContext): Pick<PruneOptions, "maxUnusedShare" | "maxRepackBytes" | "maxMs"> {
  const [unused, repack, time] = ["max-unused", "max-repack", "for"].map((name) =>
    typed.text(name),
  );
  return {
    ...(unused === undefined ? {} : { maxUnusedShare: readShare(unused) }),
    ...(repack === undefined ? {} : { maxRepackBytes: parseBytes(repack) }),
    ...(time === undefined ? {} : { maxMs: parseDuration(time) }),
  };
}

function readShare(text: string): number {
  if (text.trim().toLowerCase() === "unlimited") return Infinity;
  const share = parseShare(text);
  if (share !== undefined) return share;
  throw new CliError("cli.usage", `Cannot read --max-unused "${safeText(text)}": it is no share`, {
    hint: 'Say for example "5%", or "unlimited".',
  });
}

function linesOf(
  result: PruneResult,
  { dryRun, name }: { readonly dryRun: boolean; readonly name: string },
): readonly string[] {
  const { packsRemoved, strayPacksRemoved, packsRepacked, packsWritten, bytesFreed } = result;
  const lines: string[] = [];
  const use = `${formatBytes(result.usedBytes)} in use by ${plural(result.snapshots, "moment")}, ${formatBytes(result.unusedBytes)} not`;
  const removed = `${plural(packsRemoved + strayPacksRemoved, "pack")} removed whole`;
  if (dryRun) {
    const moved = `${plural(packsRepacked, "pack")} packed anew (${formatBytes(result.bytesRepacked)} moved)`;
    lines.push(`${safeText(name)}: ${use}`);
    lines.push(
      `${formatBytes(bytesFreed)} would be freed: ${removed}, ${moved}. Run again without --dry-run.`,
    );
  } else {
    const moved =
      packsRepacked === 0
        ? ""
        : `, ${plural(packsRepacked, "pack")} packed anew as ${packsWritten}`;
    // Joining small packs may cost a few bytes of headers.
    const freed =
      bytesFreed >= 0
        ? `${formatBytes(bytesFreed)} freed`
        : `${formatBytes(-bytesFreed)} more in fewer files`;
    lines.push(`${safeText(name)}: ${use}`, `${freed}: ${removed}${moved}`);
  }
  if (result.unusedBytesLeft > 0)
    lines.push(
      `${formatBytes(result.unusedBytesLeft)} stay unused in packs that are used too${result.packsLeft === 0 ? "" : `; ${plural(result.packsLeft, "pack")} wait for the next run`}`,
    );
  if (result.lostBlobs > 0) {
    const kept =
      result.strayPacksKept.length === 0
        ? ""
        : `; ${plural(result.strayPacksKept.length, "pack")} without an index ${result.strayPacksKept.length === 1 ? "was" : "were"} kept, since they may hold them`;
    lines.push(
      `${plural(result.lostBlobs, "blob")} that moments need cannot be found${kept}: \`restante verify\` names the files, \`restante repair\` brings back what can be`,
    );
  }
  for (const packId of result.unreadablePacks)
    lines.push(
      `Pack ${packId.slice(0, 8)} could not be read whole and was kept as it is: see \`restante verify --read-data\``,
    );
  return lines;
}
