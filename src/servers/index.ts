/**
 * servers: the mail servers that are protected: where their mail and logs lie, whose mail they have,
 * what else belongs to their state, how they are made to stand still, how a copy of them is proved
 * usable, and how mail goes back into them. One port, one adapter for each kind of server.
 */
export type { Command } from "./hold/command.ts";
export {
  defaultHoldTimeoutMs,
  holdServer,
  type HoldServerOptions,
  type RecoveredHold,
  recoverInterruptedHolds,
} from "./hold/hold-server.ts";
export {
  type HoldCommands,
  interrupted,
  ServerHold,
  type TimedCommand,
} from "./hold/server-hold.ts";
export { isServerError, ServerError, type ServerErrorCode } from "./server-error.ts";
export { dovecotValidator, type DovecotValidatorOptions } from "./dovecot/dovecot-validator.ts";
export { storeValidator } from "./validate/store-validator.ts";
export type { ValidationRequest, Validator, WritableStore } from "./validate/validator.ts";
export {
  type ChangeHint,
  type MailServer,
  protectedKinds,
  type ProtectedItem,
  type ProtectedKind,
  type PutBackWay,
  type ServerAccount,
  type ServerAccounts,
  type ServerAction,
  serverActions,
  type ServerCommands,
  type ServerKind,
  serverKinds,
  type ServerVolume,
  type VolumePlace,
  volumePlaces,
} from "./mail-server.ts";
export type { ServerCommand } from "./server-command.ts";
export { findServers, type FindServersOptions, type FoundServers } from "./find-servers.ts";
export { type Missed, missedBy } from "./missed-items.ts";
export type { Unseen } from "./look/host-look.ts";
export type { FoundTool } from "./look/find-program.ts";
export type { MailTransfer } from "./mbox/mail-transfer.ts";
export { genericServer, type GenericServerOptions } from "./generic/generic-server.ts";
export { memoryServer, type MemoryServerOptions } from "./memory-server.ts";
export { commandValidator } from "./validate/command-validator.ts";
export type { ServerRecipe } from "./recipes/recipe.ts";
export { serverRecipes } from "./recipes/server-recipes.ts";
export { type CaptureAdvice, captureAdvice } from "./capture-advice.ts";
export { isWithin } from "./folders.ts";
export {
  findLostAccounts,
  type FindLostAccountsOptions,
  type LostAccount,
  type LostAccounts,
} from "./lost-accounts.ts";
export { cyrusValidator, type CyrusValidatorOptions } from "./cyrus/cyrus-validator.ts";
