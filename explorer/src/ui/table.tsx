/** Tables that scroll by themselves on a narrow screen, by keyboard too, and figures in columns. */
import type { ComponentChildren, JSX } from "preact";
import { useId } from "preact/hooks";

/** A column: its head, and what a row has there. `number` sets it flush right. */
export type Column<T> = {
  readonly head: ComponentChildren;
  readonly cell: (row: T, index: number) => ComponentChildren;
  readonly number?: boolean;
};

/** A table with a caption; the first column names the row. */
export function Table<T>(of: {
  readonly caption: ComponentChildren;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string | number;
  /** Said in place of rows that there are none of. */
  readonly empty?: string;
}): JSX.Element {
  const id = useId();
  const { caption, columns, rows, keyOf, empty = "None yet." } = of;
  const [first, ...rest] = columns;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="scroll" aria-labelledby={id} tabIndex={0}>
      <table class="data">
        <caption id={id}>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ head, number }, index) => (
              <th key={`${index}`} scope="col" class={number === true ? "num" : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.length === 0 && (
            <tr>
              <td colSpan={columns.length} class="quiet">
                {empty}
              </td>
            </tr>
          )}
          {rows.map((row, at) => (
            <tr key={keyOf(row)}>
              <th scope="row">{first?.cell(row, at)}</th>
              {rest.map(({ cell, number }, index) => (
                <td key={`${index}`} class={number === true ? "num" : undefined}>
                  {cell(row, at)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
