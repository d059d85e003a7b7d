/**
 * planner/report: a report as data, and the forms it takes: Markdown, one HTML file, text for a terminal.
 *
 * Every text in a report is taken for hostile (it comes from configuration files and CSV cells): no
 * renderer lets markup, control characters or direction overrides through. Pure: nothing here reads a
 * clock, writes a file or knows what a report is about.
 */
export { renderHtml } from "./html.ts";
export { renderMarkdown } from "./markdown.ts";
export type {
  Block,
  Cell,
  CellDetail,
  CellState,
  Column,
  CoverageWindow,
  DefinitionPair,
  Inline,
  InlinePart,
  Lapse,
  RecoveryShare,
  Report,
  Scatter,
  ScatterPoint,
  Section,
  Table,
  Timeline,
  TimelineRow,
} from "./report.ts";
export { renderText, type RenderTextOptions } from "./text.ts";
export type { TextStyle } from "./text-style.ts";
