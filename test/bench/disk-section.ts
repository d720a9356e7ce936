/** Bytes of disk per call: the checkpointed file of the seeded ledger, and what of it each table and index takes. */
import { statSync } from 'node:fs';

import { openDatabase } from '../../main/system/db.ts';
import { paragraphs, table } from './markdown.ts';
import type { Measure } from './section.ts';
import { seededCalls, seededLedger } from './seed.ts';
import { fixed, grouped } from './statistics.ts';

export const measureDisk: Measure = async ({ say }) => {
  const file = seededLedger(say);
  const db = openDatabase(file, 'read');
  // SQLite's own count of pages, https://sqlite.org/dbstat.html
  const parts = db
    .prepare<[], { name: string; bytes: number }>(
      'SELECT name, SUM(pgsize) AS bytes FROM dbstat GROUP BY name HAVING bytes > 1000000 ORDER BY bytes DESC',
    )
    .all();
  const rows = db.prepare<[], number>('SELECT COUNT(*) FROM calls').pluck().get() ?? 0;
  db.close();
  const { size } = statSync(file);
  say(`disk: ${fixed(size / seededCalls, 0)} bytes per call`);
  const perCall = (bytes: number) => fixed(bytes / seededCalls, 1);
  return {
    title: 'Disk',
    body: paragraphs(
      `A ledger of ${grouped(seededCalls)} calls (${grouped(rows)} rows with the corrections) takes ${grouped(size / 1e6)} MB: ` +
        `**${fixed(size / seededCalls, 0)} bytes per call**, charge lines, keys, sums and meter events included. The design sets no goal for it.`,
      table(
        ['table or index', 'bytes per call', 'share'],
        parts.map(({ name, bytes }) => [`\`${name}\``, perCall(bytes), `${fixed((bytes / size) * 100, 1)} %`]),
      ),
    ),
  };
};
