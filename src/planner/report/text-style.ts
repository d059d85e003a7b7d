/** How a terminal shows emphasis and state; the caller knows what the terminal can do. */
export type TextStyle = {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly good: Paint;
  readonly bad: Paint;
  readonly warn: Paint;
  /** Draw and mark with ASCII alone. Text of the report keeps its letters. */
  readonly ascii: boolean;
};

export type Paint = (text: string) => string;
