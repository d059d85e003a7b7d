import { markup, type Markup } from "./html-escape.ts";
import { safeLabel } from "./safe-text.ts";
import { inlineMarkup } from "./html-inline.ts";
import { origins, states } from "./origins.ts";
import {
  columnsOf,
  detailOf,
  type Cell,
  type CellDetail,
  type Column,
  type Table,
} from "./report.ts";

/** A table that scrolls by itself where the page is narrow, and under it where its numbers come from. */
export function tableMarkup(table: Table, id: string): Markup {
  const columns = columnsOf(table);
  const bases = basesOf(table);
  const numbers = new Map(bases.map((basis, index) => [basis, index + 1]));
  const label = table.caption ?? columns.map(({ heading }) => heading).join(", ");
  const caption = markup`<caption>${safeLabel(table.caption ?? "")}</caption>`;
  return markup`<div class="scroll" role="region" tabindex="0" aria-label="${safeLabel(label)}">
<table>${table.caption === undefined ? undefined : caption}
<thead><tr>${columns.map(headingMarkup)}</tr></thead>
<tbody>
${table.rows.map((row) => rowMarkup(row, { columns, numbers, id }))}</tbody>
</table>
</div>
${basesMarkup(bases, id)}`;
}

type RowContext = {
  readonly columns: readonly Column[];
  readonly numbers: ReadonlyMap<string, number>;
  readonly id: string;
};

function rowMarkup(row: readonly Cell[], { columns, numbers, id }: RowContext): Markup {
  // The first column that is not of numbers names the row.
  const naming = columns.findIndex(({ align }) => align === "left");
  const cells = columns.map((column, index) => {
    const cell = detailOf(row[index] ?? "");
    const number = cell.title === undefined ? undefined : numbers.get(cell.title);
    const content = cellMarkup(cell, number === undefined ? undefined : { number, id });
    return index === naming
      ? markup`<th scope="row" class="${column.align}">${content}</th>`
      : markup`<td class="${column.align}">${content}</td>`;
  });
  return markup`<tr>${cells}</tr>
`;
}

function headingMarkup({ heading, align }: Column): Markup {
  return markup`<th scope="col" class="${align}">${safeLabel(heading)}</th>`;
}

function cellMarkup(
  { text, was, origin, state, title }: CellDetail,
  basis: { readonly number: number; readonly id: string } | undefined,
): Markup {
  const old =
    was === undefined
      ? undefined
      : markup`<del><span class="unseen">before: </span>${inlineMarkup(was)}</del> <span class="unseen">now: </span>`;
  const reference =
    basis === undefined
      ? undefined
      : markup`<sup><a href="#${basis.id}-basis-${basis.number}" aria-label="basis ${basis.number}">${basis.number}</a></sup>`;
  const value = markup`${old}${stateMarkup(state, inlineMarkup(text))}${reference}`;
  const titled = title === undefined ? value : markup`<span title="${title}">${value}</span>`;
  return markup`${titled}${originMarkup(origin)}`;
}

function stateMarkup(state: CellDetail["state"], content: Markup): Markup {
  if (state === undefined) return content;
  const { sign, word } = states[state];
  return markup`<span class="state ${state}"><span aria-hidden="true">${sign} </span><span class="unseen">${word}: </span>${content}</span>`;
}

export function originMarkup(origin: CellDetail["origin"]): Markup | undefined {
  if (origin === undefined) return undefined;
  const { icon, word } = origins[origin];
  return markup` <span class="origin ${origin}"><span aria-hidden="true">${icon} </span>${word}</span>`;
}

function basesOf({ rows }: Table): readonly string[] {
  const bases = rows.flat().map((cell) => detailOf(cell).title);
  return [...new Set(bases.filter((basis) => basis !== undefined && basis !== ""))] as string[];
}

/** A title is seen by a mouse alone; on paper, on a phone and by ear the list says the same. */
function basesMarkup(bases: readonly string[], id: string): Markup | undefined {
  if (bases.length === 0) return undefined;
  const items = bases.map(
    (basis, index) => markup`<li id="${id}-basis-${index + 1}">${basis}</li>
`,
  );
  return markup`<details class="bases"><summary>Where these numbers come from</summary><ol>
${items}</ol></details>
`;
}
