/** What a bench says of many measurements: medians, percentiles, spread. An empty list gives NaN, which prints as a dash. */
type Numbers = ArrayLike<number> & Iterable<number>;

/** The value below which `share` of the values lie (nearest rank). */
export function percentile(values: Numbers, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: Numbers): number {
  return percentile(values, 0.5);
}

export function fixed(value: number, decimals: number): string {
  return Number.isFinite(value) ? value.toFixed(decimals) : '–';
}

/** "0.81 (0.75 to 0.92)": the median of the rounds and the lowest and highest of them. */
export function withSpread(values: readonly number[], decimals: number): string {
  return `${fixed(median(values), decimals)} (${fixed(Math.min(...values), decimals)} to ${fixed(Math.max(...values), decimals)})`;
}

/** What a figure grows by per step, by least squares. */
export function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length;
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length;
  const rise = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0);
  return rise / points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
}

/** Whole numbers with a comma at the thousands, as the report prints them. */
export function grouped(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '–';
}
