/** Keys never reach a log, wherever they stand in the text. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { errorText } from '../../../main/system/error-text.ts';
import { openFileLog } from '../../../main/system/log.ts';
import { redact } from '../../../main/system/redact.ts';

const secrets = [
  'sk-ant-api03-abcDEF123_-x',
  'sk_live_abcd1234',
  'rk_test_abcd1234',
  'whsec_abcdef12',
  'tk_abcdefgh1234',
  'Bearer abc.def-ghi_jkl=',
];

describe('a secret', () => {
  it.each(secrets)('%s is taken out', (secret) => {
    expect(redact(`before ${secret} after`)).toBe('before [redacted] after');
  });

  it('in a database address is taken out, the rest stays', () => {
    expect(redact('postgres://team:hunter2@db.example/ledger')).toBe('postgres://team:[redacted]@db.example/ledger');
  });

  it('does not reach the log file by message, field or error', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tollkeeper-log-'));
    const log = openFileLog(join(folder, 'logs', 'x.log'));
    for (const secret of secrets)
      log
        .room('test')
        .warn(`said ${secret}`, { field: secret, reason: errorText(new Error('e', { cause: new Error(secret) })) });
    log.close();
    const text = readFileSync(join(folder, 'logs', 'x.log'), 'utf8');
    rmSync(folder, { recursive: true });
    expect(text).toContain('"room":"test"');
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
  });
});
