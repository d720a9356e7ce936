/** Tables and sentences as docs/benchmarks.md has them. Pure. */

/** The first column is text, the others are figures. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

export type Goal = { readonly what: string; readonly goal: string; readonly reached: string; readonly isMet: boolean };

/** "Goal: … . Reached: … . Met." A missed goal is said as plainly as one that is met. */
export function goalSentence({ what, goal, reached, isMet }: Goal): string {
  return `**${isMet ? 'Met' : 'Missed'}:** ${what}: the goal is ${goal}, measured ${reached}.`;
}

export function paragraphs(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('\n\n');
}
