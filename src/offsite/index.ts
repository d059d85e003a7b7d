/**
 * offsite: disaster recovery (paper §2.2, Figure 1, right column): what makes a Copy survive the site.
 * One folder per option behind one port; moving backup tapes (§2.2.1) and duplicate backup copies (§2.2.2)
 * are here. What an option holds opens as an Image by itself, without anything of the first site.
 */
export type {
  OffsiteBytes,
  OffsiteGroup,
  OffsiteOption,
  OffsitePhase,
  OffsiteProgress,
  OffsiteState,
  RefusedPoint,
  SendOptions,
  SendResult,
  SentPoint,
} from "./offsite-option.ts";
export { OffsiteError } from "./offsite-error.ts";
export { chooseMoments, type MomentChoice, momentKey } from "./choose-moments.ts";
export { offsiteState } from "./offsite-state.ts";
export { memoryOffsite, type MemoryOffsiteOptions } from "./memory-offsite.ts";
export {
  duplicateCopy,
  type DuplicateCopyOptions,
  duplicateOffsite,
  type DuplicateOffsiteOptions,
} from "./duplicate/index.ts";
export {
  type GroupLoss,
  type Handover,
  memoryTapeVault,
  type MemoryTapeVault,
  type MemoryTapeVaultOptions,
  type MoveOptions,
  type RecallList,
  type RecallTape,
  type ShippedGroup,
  type ShippedStep,
  shippedTapesCopy,
  type ShippedTapesCopyOptions,
  type ShipPolicy,
  type ShipResult,
  type ShipRule,
  shipRule,
  type ShipState,
  type ShipTapes,
  shipTapes,
  shipTapesName,
  type ShipTapesOptions,
  type TapeDue,
  type TapeLoss,
  type TapeState,
  type TapeStep,
  type TapeVault,
  type TapeVaultCopy,
  type TapeVaultReport,
  type VaultTape,
} from "./ship-tapes/index.ts";
