/** The bench's page: a run of some sections leaves the others as they were. And the instants inside of paced deltas, however they are cut. */
import { describe, expect, it } from 'vitest';

import { writeReport, type Run } from '../../bench/report.ts';
import { noInstant, readDelays, stampInstant } from '../../bench/sent-at.ts';
import { slopeOf } from '../../bench/statistics.ts';

const names = ['throughput', 'memory', 'disk'];
const run = (day: string, measured: Record<string, string>): Run => ({
  machine: 'a machine',
  day,
  command: 'npm run bench',
  rounds: 5,
  names,
  measured: new Map(Object.entries(measured).map(([name, body]) => [name, { title: `About ${name}`, body }])),
});

describe('the report of a bench', () => {
  const all = { throughput: 'fast\n\n### JSON calls\n\n| 1 |', memory: 'small', disk: 'less' };
  const first = writeReport('# An older page\n\nwithout sections', run('2026-11-01', all));

  it('replaces the sections that were measured again and keeps the others word for word', () => {
    const second = writeReport(first, run('2026-11-02', { memory: 'smaller' }));
    expect(second).toContain(
      '_2026-11-01, 5 rounds, a machine._\n\nfast\n\n### JSON calls\n\n| 1 |\n\n<!-- section: memory -->',
    );
    expect(second).toContain('## About memory\n\n_2026-11-02, 5 rounds, a machine._\n\nsmaller');
    expect(second).not.toContain('small\n');
    expect(second).toContain('Last run on 2026-11-02');
    expect([...second.matchAll(/^## .*$/gm)].map(([heading]) => heading)).toEqual([
      '## About throughput',
      '## About memory',
      '## About disk',
    ]);
  });

  it('does not change by being written again', () => {
    expect(writeReport(first, run('2026-11-01', all))).toBe(first);
    expect(writeReport(first, run('2026-11-01', {}))).toBe(first);
  });

  it('puts a section that was never measured before in its place', () => {
    const partly = writeReport('', run('2026-11-01', { disk: 'less' }));
    const more = writeReport(partly, run('2026-11-02', { throughput: 'fast' }));
    expect(more.indexOf('About throughput')).toBeLessThan(more.indexOf('About disk'));
  });
});

describe('the instant inside a delta', () => {
  it('is read once, wherever the bytes were cut', () => {
    const delta = Buffer.from(`data: {"text":"${noInstant} and more"}\n\n`);
    stampInstant(delta);
    const text = delta.toString('latin1').repeat(2);
    for (let cut = 0; cut <= text.length; cut++) {
      const first = readDelays(text.slice(0, cut));
      const second = readDelays(first.rest + text.slice(cut));
      const delays = [...first.delaysMs, ...second.delaysMs];
      expect(delays).toHaveLength(2);
      for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('the slope of samples', () => {
  it('is what a straight line rises by', () => {
    expect(slopeOf([1, 2, 3, 4].map((x) => ({ x, y: 7 + 2.5 * x })))).toBeCloseTo(2.5);
  });
});
