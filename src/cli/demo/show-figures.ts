import { figureCellsJson, figuresReport, type Report } from "#planner";
import type { CommandContext } from "../command.ts";
import { showReport } from "../plan/show-report.ts";
import type { DemoFiguresOptions } from "./demo-figures.ts";

/** Both figures: for a program all cells, for a person the rows that the demo has measured. */
export async function showFigures(
  options: DemoFiguresOptions,
  context: CommandContext,
): Promise<void> {
  const { output } = context;
  await output.document({ type: "figures", cells: figureCellsJson(options) });
  const measured = new Set(options.results.map(({ row }) => row));
  const { sections, ...report } = figuresReport(options);
  const figures = sections
    .filter(({ heading }) => heading.startsWith("Figure "))
    .map((section) => ({ ...section, blocks: section.blocks.map((one) => ofRows(one, measured)) }));
  await output.text("\n14 What was measured, beside the paper\n\n");
  await showReport({ ...report, sections: figures }, context);
  await output.text(
    "\nSeconds of a demo promise nothing for a server: `restante figures` shows what was measured of yours, `restante plan figures` every row of the paper.\n",
  );
}

type Block = Report["sections"][number]["blocks"][number];

/** The rows of these methods. A row without a name belongs to the one above it. */
function ofRows(block: Block, names: ReadonlySet<string>): Block {
  if (block.kind !== "table") return block;
  let isShown = false;
  const rows = block.rows.filter(([first]) => {
    if (first !== "") isShown = typeof first === "string" && names.has(first);
    return isShown;
  });
  return { ...block, rows };
}
