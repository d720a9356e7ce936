/**
 * The dashboard's token of a home folder: made once, kept across restarts so that an open dashboard goes on working, readable by its
 * owner only. It opens the dashboard of this machine and nothing else.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const fileName = 'dashboard-token';

export function readOrCreateToken(home: string, makeSecret: () => string): string {
  const file = join(home, fileName);
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (token.length >= 32) return token;
  } catch {
    // First start in this home folder.
  }
  const token = makeSecret();
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return token;
}
