/**
 * offsite/ship-tapes: moving backup tapes offsite (paper §2.2.1): eject, hand over, vault, recall, each step recorded;
 * the 48-hour rule, what is due, and what is lost with a tape that is lost.
 */
export { type ShipPolicy, type ShipRule, shipRule } from "./ship-rule.ts";
export type { ShippedGroup, ShipState } from "./ship-state.ts";
export {
  type Handover,
  type ShippedStep,
  type ShipResult,
  type ShipTapes,
  shipTapes,
  type ShipTapesOptions,
} from "./ship-tapes.ts";
export {
  shippedTapesCopy,
  type ShippedTapesCopyOptions,
  shipTapesName,
} from "./shipped-tapes-copy.ts";
export {
  memoryTapeVault,
  type MemoryTapeVault,
  type MemoryTapeVaultOptions,
} from "./memory-tape-vault.ts";
export type {
  MoveOptions,
  RecallList,
  RecallTape,
  TapeDue,
  TapeState,
  TapeStep,
  TapeVault,
  TapeVaultCopy,
  TapeVaultReport,
  VaultTape,
} from "./tape-vault.ts";
export type { GroupLoss, TapeLoss } from "./vault-survey.ts";
