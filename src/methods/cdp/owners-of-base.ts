import type { Entry } from "#image";
import { rootPath } from "#image";
import type { BaseFiles } from "./base-files.ts";

/** Events have numbers of owners alone: their names are those that the top folder of the base has. */
export class OwnersOfBase {
  readonly #users = new Map<number, string>();
  readonly #groups = new Map<number, string>();

  static async of(files: BaseFiles): Promise<OwnersOfBase> {
    const owners = new OwnersOfBase();
    for (const { uid, gid, user, group } of (await files.list(rootPath)) ?? []) {
      if (user !== undefined) owners.#users.set(uid, user);
      if (group !== undefined) owners.#groups.set(gid, group);
    }
    return owners;
  }

  named(entry: Entry): Entry {
    const user = entry.user ?? this.#users.get(entry.uid);
    const group = entry.group ?? this.#groups.get(entry.gid);
    if (user === entry.user && group === entry.group) return entry;
    return {
      ...(user === undefined ? {} : { user }),
      ...(group === undefined ? {} : { group }),
      ...entry,
    };
  }
}
