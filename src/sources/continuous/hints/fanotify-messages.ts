/** What the thread that reads fanotify and its owner tell each other. */
export type FanotifyThreadData = {
  /** Folders of the store by their paths in the Image; the folders absolute, one character per byte. */
  readonly places: readonly { readonly path: string; readonly folder: string }[];
  /** A folder of each filesystem at or below a place. */
  readonly mounts: readonly string[];
  /** Counts taken batches: what is sent and not taken yet is bounded by it. */
  readonly taken: Int32Array<SharedArrayBuffer>;
  /** Names that wait while the owner does not listen; one more is an overflow. */
  readonly waitingLimit: number;
};

/** Folder within the Image, name ("" is the folder's own), and whether a folder may have come or gone. */
export type FanotifyHint = readonly [folder: string, name: string, below: boolean];

export type FanotifyReport =
  | { readonly type: "ready"; readonly wakeDescriptor: number }
  | { readonly type: "unavailable"; readonly why: string }
  | { readonly type: "hints"; readonly hints: readonly FanotifyHint[] }
  | { readonly type: "overflow"; readonly message: string }
  /** Everything that happened before the request of this number was told. */
  | { readonly type: "settled"; readonly request: number };

export type FanotifyRequest =
  | { readonly type: "settle"; readonly request: number }
  | { readonly type: "end" };
