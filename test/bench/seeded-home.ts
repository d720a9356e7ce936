/** A home folder with a copy of the seeded ledger, as an engine finds it after a year. */
import { constants, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ledgerFileName } from '../../main/ledger/ledger-file.ts';
import { settingsFileName } from '../../main/settings/store.ts';
import { seededLedger, seedTimeZone } from './seed.ts';

export function fillHome(home: string, say: (line: string) => void): void {
  copyFileSync(seededLedger(say), join(home, ledgerFileName), constants.COPYFILE_FICLONE);
  writeFileSync(join(home, settingsFileName), JSON.stringify({ timeZone: seedTimeZone }));
}
