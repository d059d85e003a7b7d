/**
 * catalog: who had which message when. A temporal index of one copy with full-text search: filled
 * from what changes between its moments, rebuildable from them alone, safe to delete at any time.
 *
 * `openCatalog` opens one, `fillCatalog` makes it fit the copy, `parseQuery` reads what somebody
 * searches for, and `Catalog.find` answers it.
 */
export type {
  Catalog,
  CatalogStatus,
  FindOptions,
  FoundMessage,
  FoundPage,
  FoundPlacement,
  KnownAccount,
  KnownMailbox,
  KnownMoment,
  MomentInterval,
  PlacementState,
  ProvisionalFill,
} from "./catalog.ts";
export { CatalogError, type CatalogErrorCode, isCatalogError } from "./catalog-error.ts";
export type { PresenceNow, SightingKind } from "./presence.ts";
export {
  type FillableMoment,
  fillCatalog,
  type FillOptions,
  type FillProgress,
  type FillResult,
  type FillSource,
  historyOf,
} from "./fill/fill-catalog.ts";
export {
  fillProvisionally,
  type FillProvisionallyOptions,
  type Provisional,
} from "./fill/fill-provisional.ts";
export { parseQuery, type ParseQueryOptions } from "./query/parse-query.ts";
export { type Query, type State, states } from "./query/query.ts";
export {
  openCatalog,
  type OpenCatalogOptions,
  openKnownCatalog,
  removeCatalog,
} from "./sqlite/open-catalog.ts";
