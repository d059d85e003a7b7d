import type { Host } from "#hosts";
import type { AccountPlaces } from "#image";
import type { MailLayout } from "#mail";
import type { HostLook } from "../look/host-look.ts";
import { toolPath } from "../look/find-program.ts";
import { serviceCommands } from "../look/service-commands.ts";
import type { MailServer, ServerCommands, ServerVolume } from "../mail-server.ts";
import { defaultCommandTimeoutMs } from "../server-command.ts";
import { serverFromFacts } from "../server-from-facts.ts";
import { storeValidator } from "../validate/store-validator.ts";
import type { Validator } from "../validate/validator.ts";
import { protectedItems } from "./dovecot-protect.ts";
import { accountPlaces } from "./dovecot-places.ts";
import { dovecotChanges, dovecotPutBack, systemMailLogs } from "./dovecot-recipes.ts";
import { type DovecotSetup, findDovecotSetup, type FindDovecotOptions } from "./dovecot-setup.ts";
import { findUsers, type FoundUsers, homeTemplate } from "./dovecot-users.ts";
import { dovecotValidator } from "./dovecot-validator.ts";
import {
  accountsOf,
  layoutOf,
  ownPlaces,
  type PlaceContext,
  volumesOf,
} from "./dovecot-volumes.ts";
import { mailPlaces, type NamespacePlace } from "./mail-place.ts";

/** The Dovecot of a host; undefined where there is none, or nothing of its configuration can be read. */
export async function findDovecot(
  look: HostLook,
  options: FindDovecotOptions,
): Promise<MailServer | undefined> {
  const setup = await findDovecotSetup(look, options);
  if (setup === undefined) return undefined;
  const found = await findUsers(look, setup);
  // "%%h" is the home of another user, whose mail is in its own place already.
  const own = mailPlaces(setup.root).filter(({ place }) => !/%%[a-z{]/.test(place.path));
  const places = [...own, ...ownPlaces(found.users)];
  const context: PlaceContext = { users: found.users, home: homeTemplate(setup.root) };
  const { volumes, remarks } = volumesOf(places, context);
  const commands = await commandsOf(look, setup);
  const apart = accountPlaces(own, context);
  const all = [...remarks, ...apart.remarks];
  const systemLog = await look.firstThere(systemMailLogs);
  const facts = { setup, found, places, context, volumes, remarks: all, commands, systemLog };
  return serverOf(look, { ...facts, apart: apart.places });
}

type Facts = {
  readonly setup: DovecotSetup;
  readonly found: FoundUsers;
  readonly places: readonly NamespacePlace[];
  readonly context: PlaceContext;
  readonly volumes: readonly ServerVolume[];
  readonly apart: readonly AccountPlaces[];
  readonly remarks: readonly string[];
  readonly commands: ServerCommands;
  readonly systemLog: string | undefined;
};

function serverOf(look: HostLook, facts: Facts): MailServer {
  const { setup, found, places, context, volumes, apart, remarks, commands } = facts;
  const { version, root, tools, isRunning, evidence } = setup;
  const title = `Dovecot${version === undefined ? "" : ` ${version}`}`;
  return serverFromFacts(look, {
    kind: "dovecot",
    title,
    ...(version === undefined ? {} : { version }),
    evidence,
    isRunning,
    layouts: [...new Set(places.flatMap(({ place }) => layoutOf(place.driver) ?? []))],
    tools,
    remarks: [...remarks, ...otherDrivers(places)],
    volumes,
    ...(apart.length === 0 ? {} : { places: apart }),
    commands,
    listAccounts: async () => ({
      accounts: accountsOf(found.users, places),
      origin: found.origin,
      isComplete: found.isComplete,
      problems: found.problems,
    }),
    listProtected: async () => await protectedItems(look, setup, { places, context }),
    validator: validatorOf(look.host, facts),
    putBack: dovecotPutBack,
    changes: dovecotChanges(root, facts.systemLog),
  });
}

const dovecotLayouts: ReadonlySet<MailLayout | undefined> = new Set(["maildir", "sdbox", "mdbox"]);

/** Dovecot's own utility where it is of this machine, knows the layout, and is of a version that is known. */
function validatorOf(host: Host, { setup, places }: Facts): Validator {
  const doveadm = toolPath(setup.tools, "doveadm");
  const dovecot = toolPath(setup.tools, "dovecot");
  const isKnown =
    setup.version?.startsWith("2.3.") === true &&
    places.every(({ place }) => dovecotLayouts.has(layoutOf(place.driver)));
  if (host.kind !== "local" || doveadm === undefined || dovecot === undefined || !isKnown)
    return storeValidator();
  return dovecotValidator({ doveadm, dovecot });
}

async function commandsOf(look: HostLook, setup: DovecotSetup): Promise<ServerCommands> {
  const ofSystem = await serviceCommands(look, ["dovecot"]);
  if (ofSystem.stop !== undefined) return ofSystem;
  const dovecot = toolPath(setup.tools, "dovecot");
  if (dovecot === undefined || setup.doveadm === undefined) return {};
  const option = setup.configurationOption;
  const timeoutMs = defaultCommandTimeoutMs;
  return {
    stop: { words: [setup.doveadm, ...option, "stop"], timeoutMs },
    start: { words: [dovecot, ...option], timeoutMs },
  };
}

function otherDrivers(places: readonly NamespacePlace[]): readonly string[] {
  const others = places
    .map(({ place }) => place.driver)
    .filter((driver) => layoutOf(driver) === undefined && driver !== "auto");
  return [...new Set(others)].map(
    (driver) => `Mail of the driver "${driver}" is not read: it is captured as files at most.`,
  );
}
