import { imapServerText, type LivingAccount, openImapAccount } from "#recovery";
import type { CommandContext } from "../command.ts";
import type { LivingPlace } from "./living-place.ts";

/** Logs in to one server as one owner after another; the password is asked for once. */
export class LivingServer {
  readonly place: LivingPlace;
  readonly #context: Pick<CommandContext, "passwords" | "surroundings">;
  #password: string | undefined;

  constructor(place: LivingPlace, context: Pick<CommandContext, "passwords" | "surroundings">) {
    this.place = place;
    this.#context = context;
  }

  /** Throws LivingError where the server does not let in. */
  async open(user: string): Promise<LivingAccount> {
    const { server, master, passwordSource } = this.place;
    const { passwords, surroundings } = this.#context;
    const login = master === undefined ? user : `${user}*${master}`;
    const { signal } = surroundings;
    // It is who runs this that is let in.
    if (server.through !== undefined)
      return await openImapAccount({ server, user, password: "", signal });
    this.#password ??= await passwords.password(`${imapServerText(server)} (${login})`, {
      role: "imap",
      source: passwordSource,
    });
    return await openImapAccount({ server, user, name: login, password: this.#password, signal });
  }
}
