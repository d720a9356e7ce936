/** Looking into a request body: never rewritten, and within the cost that docs/transparency.md states. */
import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { inspectRequest } from '../../../main/proxy/inspect.ts';

const megabyte = 1024 * 1024;
/** Twice and a half of what is stated, since a test runs anywhere: an inspection that costs this much has changed its kind. */
const msPerMegabyteMax = 25;

function processorMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

describe('a request body of 10 MB', () => {
  const text = 'a line of a file, with "quotes" and \\ and ümlauts\n';
  const content = [{ type: 'text', text: text.repeat((10 * megabyte) / text.length) }];
  const body = Buffer.from(JSON.stringify({ model: 'claude-opus-5-5', messages: [{ role: 'user', content }] }));
  const hash = () => createHash('sha256').update(body).digest('hex');

  it('is read within the stated cost a megabyte and not changed by it', () => {
    const before = hash();
    const costs = Array.from({ length: 5 }, () => processorMs(() => void inspectRequest(body, [])));
    expect(Math.min(...costs) / (body.length / megabyte)).toBeLessThan(msPerMegabyteMax);
    expect(inspectRequest(body, []).requestedModel).toBe('claude-opus-5-5');
    expect(hash()).toBe(before);
  });
});
