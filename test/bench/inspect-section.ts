/**
 * What it costs to look into a request body, per megabyte: the model, the session and the beginning of the conversation are read out of it before the
 * call is begun; nothing of it is rewritten. Alone: `node test/bench/inspect-section.ts`.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { InspectRound } from './inspect-load.ts';
import type { Measure } from './section.ts';

const run = promisify(execFile);
/** A body of one megabyte is a long conversation; this is what looking into it may add to its call. */
const goalMsPerMegabyte = 10;

export const measureInspection: Measure = async ({ rounds, say }) => {
  say('inspection of request bodies');
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'inspect-load.ts'), String(rounds)]);
  const results = JSON.parse(stdout) as InspectRound[];
  const rows = results.map(({ name, msPerMegabyte }) => {
    const sorted = msPerMegabyte.toSorted((a, b) => a - b);
    const [median = 0, low = 0, high = 0] = [sorted[Math.floor(sorted.length / 2)], sorted[0], sorted.at(-1)];
    say(`  ${name}: ${median.toFixed(1)} ms per MB`);
    return { median, line: `| ${name} | ${median.toFixed(1)} | ${low.toFixed(1)} to ${high.toFixed(1)} |` };
  });
  const worst = Math.max(...rows.map(({ median }) => median));
  const verdict = worst <= goalMsPerMegabyte ? 'met' : 'missed';
  return {
    title: 'Looking into a request body',
    body: [
      '| body | ms of processor time per MB | spread |',
      '|---|---|---|',
      ...rows.map(({ line }) => line),
      '',
      `Goal: at most ${goalMsPerMegabyte} ms for a megabyte of any of them: ${verdict} (${worst.toFixed(1)}). Beyond 32 MB nothing is looked into.`,
    ].join('\n'),
  };
};
