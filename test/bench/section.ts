/**
 * One part of what `npm run bench` reports: printed to the terminal and written into docs/benchmarks.md by run.ts, in the order of its list.
 * A section measures by itself, in processes of its own, and asserts nothing: a goal that is missed is said, not thrown.
 */
export type Section = {
  readonly title: string;
  /** Markdown: a table or fenced lines, then a plain sentence for each goal. Figures are medians with their spread. */
  readonly body: string;
};

export type MeasureOptions = {
  /** Rounds of each comparison: more of them, less noise. */
  readonly rounds: number;
  /** Progress, a line at a time, to stderr. */
  readonly say: (line: string) => void;
};

export type Measure = (options: MeasureOptions) => Promise<Section>;
