/** A person's word that a place which is held is right as it is: `restante daemon --accept PATH`. */
import { join, relative, resolve } from "node:path";
import { displayPath, type RawPath, rawPathFromText } from "#image";
import { isWithin } from "#policy";
import type { ContinuousCapture } from "#sources";
import { audited } from "../audit.ts";
import { foldersOfPlan, rootOfPlan } from "../capture-plan.ts";
import { CliError } from "../cli-error.ts";
import type { CommandContext } from "../command.ts";
import { stateFolderOf } from "../holds-in-force.ts";
import { safeText } from "../text.ts";
import type { ContinuousPlan } from "./continuous-plan.ts";

export type AcceptedPlace = {
  /** The store that it lies in, by its folder of the messages. */
  readonly folder: string;
  /** What the root of its Image stands for. */
  readonly root: string;
  /** Within the Image. */
  readonly path: RawPath;
};

/** What was typed. A path that lies in no store is refused: it would be waited for in vain. */
export function acceptedPlaces(
  { arguments: typed, surroundings }: CommandContext,
  plans: readonly ContinuousPlan[],
): readonly AcceptedPlace[] {
  return typed.texts("accept").flatMap((text) => {
    const place = resolve(surroundings.workingFolder, text);
    const stores = new Map(plans.map(({ base }) => [base.folder, base]));
    const found = [...stores.values()].filter((base) =>
      foldersOfPlan(base).some((one) => isWithin(place, one)),
    );
    if (found.length === 0)
      throw new CliError("cli.usage", `Cannot accept "${safeText(text)}": it is in no store`, {
        hint: "Name the place as the message of what is held does, or a folder above it in the store.",
      });
    return found.map((base) => {
      const root = rootOfPlan(base);
      return { folder: base.folder, root, path: rawPathFromText(relative(root, place)) };
    });
  });
}

/** Ends the message of what is held. */
export function howToAccept(root: string, path: RawPath): string {
  const place = safeText(join(root, displayPath(path)));
  return `If it is right as it is, stop the daemon and start it once with its usual arguments and --accept: restante daemon --accept '${place.replaceAll("'", "'\\''")}'.`;
}

/** After the first scan, which holds what looks wrong; where nothing is held there is nothing to accept. Never rejects. */
export async function acceptPlaces(
  capture: ContinuousCapture,
  {
    places,
    context,
    onNote,
  }: {
    readonly places: readonly AcceptedPlace[];
    readonly context: CommandContext;
    readonly onNote: (text: string) => void;
  },
): Promise<void> {
  for (const { root, path } of places) {
    const shown = join(root, displayPath(path));
    try {
      if (!capture.status.held.some(({ path: held }) => isWithin(`/${held}`, `/${path}`))) {
        onNote(`nothing is held at "${shown}": nothing had to be accepted`);
        continue;
      }
      const repository = { id: "records", location: stateFolderOf(context) };
      const planned = { accepted: shown };
      await audited({ context, verb: "daemon", repository, planned }, () => capture.accept(path));
      onNote(`"${shown}" is taken as it is now`);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      onNote(`"${shown}" could not be accepted: ${why}`);
    }
  }
}
