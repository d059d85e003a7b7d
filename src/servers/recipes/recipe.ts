/** How a server that has no adapter is made to stand still, proved and brought back: as data, for a generic server. */
export type ServerRecipe = {
  /** "exchange". */
  readonly name: string;
  readonly title: string;
  /** False of a recipe that was written from the maker's documents: nobody ran it here. */
  readonly isTried: boolean;
  readonly about: string;
  /** An entry of `servers` in the configuration; capitals and paths are to be changed. */
  readonly configuration: string;
  /** Scripts that it calls: name and text. */
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** How a copy is proved usable, in order. */
  readonly validation: readonly string[];
  /** How mail comes back, in order. */
  readonly putBack: readonly string[];
  readonly cautions: readonly string[];
};
